"""What `striate train` does: images in, a run's folder with a classifier and a report out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from striate.architecture import zoo
from striate.errors import RunError, SettingError, StriateError
from striate.evaluation.metrics import Evaluation
from striate.events import Callback
from striate.model.classifier import Classifier
from striate.model.loading import load
from striate.model.run_folder import (
    FORMAT_VERSION,
    RunFolder,
    describe_environment,
    make_run_folder,
)
from striate.settings import Settings
from striate.terminal.console import Console
from striate.training import preparation
from striate.training.distributed.devices import Team, team_for
from striate.training.distributed.processes import Hands, together
from striate.training.distributed.workers import assist
from striate.training.energy import metering
from striate.training.run import Job, Run


def train(
    data: str | Path,
    network: str | Path | nn.Module | None = None,
    *,
    epochs: int | None = None,
    minutes: float | None = None,
    out: str | Path | None = None,
    settings: Settings | None = None,
    callback: Callback | None = None,
) -> Classifier:
    """Learn a classifier from a folder of images.

    Everything that is found, chosen and measured stands in the run's folder, with a report.

    Args:
        data: a folder with a folder a class (or train/, val/, test/ of these), IDX files, an
            npz, a CSV of path,label, a zip of any of these, or "digits".
        network: a text in the notation, the name of a known network, a .cnn file, or a torch
            module (n, channels, rows, columns) -> (n, classes); None takes a compact residual
            network.
        epochs: passes over the training images; None lets the data decide.
        minutes: the whole run's time, instead of epochs.
        out: the run's folder; None takes runs/NAME.
        settings: everything else.
        callback: is told every event; None shows them on the screen.

    Returns:
        The best state as a classifier, as it was saved.

    Raises:
        StriateError: one of its children, saying what is wrong with the data, the network or
            a setting.

    Example: ``model = train("photos/", epochs=10); model.predict("cat.jpg")``.
    """
    chosen = settings or Settings()
    if epochs is not None:
        chosen = replace(chosen, epochs=epochs)
    if minutes is not None:
        chosen = replace(chosen, minutes=minutes)
    if callback is not None:
        return start(data, network, out=out, settings=chosen, callback=callback).model
    with Console() as console:
        return start(data, network, out=out, settings=chosen, callback=console).model


def start(
    data: str | Path,
    network: str | Path | nn.Module | None = None,
    *,
    out: str | Path | None = None,
    settings: Settings,
    callback: Callback,
) -> Run:
    """Begin a run and see it through; arguments as for `train`."""
    team = preparation.check(settings)
    if settings.body is not None and network is not None:
        raise SettingError(
            f"a network is given, and a body to start from ('{settings.body}') too; the body "
            "brings its own network: leave one of them out"
        )
    text = None if isinstance(network, nn.Module) else preparation.source_text(network)
    settings = replace(settings, body=lasting(settings.body), weights=lasting(settings.weights))
    module = network if isinstance(network, nn.Module) else None
    record: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "status": "preparing",
        "data": {"source": source_of(data)},
        "settings": settings.as_json(),
        "network_given": text,
        "module_given": module is not None,
        "from_scratch": network is not None,
        "chosen": None,
        "cycles": [],
        "notes": [],
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        **describe_environment(),
    }
    begin = partial(_begin, team=team, record=record, module=module, data=data, out=out)
    return _worked(begin, team, module, callback)


def _begin(
    hands: Hands,
    *,
    team: Team,
    record: dict[str, Any],
    module: nn.Module | None,
    data: str | Path,
    out: str | Path | None,
) -> Run:
    """Begin a run, in the process that leads it."""
    begun = time.perf_counter()
    settings = Settings.from_json(record["settings"])
    with metering(settings) as meter:
        collection = preparation.collect(data)
        folder = make_run_folder(out, str(data))
        job = Job(folder, record, module, hands, meter=meter)
        try:
            with folder.held():
                folder.write_record(record)
                if folder.instead_of is not None:
                    job.say(f"{folder.instead_of} exists, so this run goes to {folder.path}")
                with preparation.prepare(
                    folder, record, collection, team=team, say=job.say, callback=job.tell
                ) as prepared:
                    return job.run(prepared, begun)
        except StriateError:
            if record["status"] == "preparing":
                folder.discard()
            raise


def resume(
    run: str | Path,
    *,
    data: str | Path | None = None,
    epochs: int | None = None,
    minutes: float | None = None,
    network: nn.Module | None = None,
    devices: int | None = None,
    callback: Callback | None = None,
) -> Run:
    """Go on with a run that was stopped, or extend one that is finished.

    On the same processor, with the same threads, a run that was stopped and resumed ends with
    exactly the weights of one that was not.

    Args:
        run: its folder.
        data: where the images are now, if they have moved; they must be the same.
        epochs: the new number of epochs in all, to extend a finished run.
        minutes: minutes more, to extend a finished run.
        network: the torch module, where the run was started with one.
        devices: how many devices are to share the steps now; None takes as many as before.
        callback: is told every event; None shows them on the screen.

    Returns:
        The run, whose ``model`` is the best state as a classifier.

    Raises:
        RunError: it is not a run, the data has changed, or there is nothing to go on with.

    Example: ``resume("runs/photos", epochs=40).model``.
    """
    if callback is None:
        with Console() as console:
            return resume(
                run,
                data=data,
                epochs=epochs,
                minutes=minutes,
                network=network,
                devices=devices,
                callback=console,
            )
    folder = RunFolder(Path(run))
    record = folder.read_record()
    more = check_extension(record, folder.path, epochs, minutes)
    if record["module_given"] and network is None:
        raise RunError(
            f"'{run}' was started with a torch module, whose code is not in the folder; "
            "give it: striate.resume(run, network=module)"
        )
    settings = Settings.from_json(record["settings"])
    if devices is not None:
        settings = replace(settings, devices=devices).check()
    team = team_for(settings.device, settings.devices)
    go_on = partial(
        _go_on, team=team, folder=folder, record=record, module=network, data=data, more=more
    )
    return _worked(go_on, team, network, callback)


def _go_on(
    hands: Hands,
    *,
    team: Team,
    folder: RunFolder,
    record: dict[str, Any],
    module: nn.Module | None,
    data: str | Path | None,
    more: tuple[int, float] | None,
) -> Run:
    """Go on with a run, in the process that leads it."""
    begun = time.perf_counter()
    metered = metering(Settings.from_json(record["settings"]), record.get("energy"))
    with folder.held(), metered as meter:
        collection = preparation.collect(data or record["data"]["source"])
        job = Job(folder, record, module, hands, meter=meter)
        for difference in differences(record, team.size):
            job.say(difference)
        with preparation.prepare(
            folder, record, collection, team=team, say=job.say, callback=job.tell
        ) as prepared:
            if data is not None:
                record["data"]["source"] = source_of(data)
            return job.run(prepared, begun, more=more)


def _worked(
    lead: Callable[[Hands], Run], team: Team, module: nn.Module | None, callback: Callback
) -> Run:
    """See a run through with all processes of a team."""
    others = partial(assist, module=module, team=team)
    if team.started or not team.several:
        return together(lead, others, team=team, callback=callback)
    # the run comes from another process, and weights are not sent but read from the file
    folder, evaluation, interrupted = together(
        partial(_outcome, lead), others, team=team, callback=callback
    )
    return Run(folder, load(RunFolder(folder).model, network=module), evaluation, interrupted)


def _outcome(lead: Callable[[Hands], Run], hands: Hands) -> tuple[Path, Evaluation, bool]:
    run = lead(hands)
    return run.folder, run.evaluation, run.interrupted


def source_of(data: str | Path) -> str:
    """Give where the images are, so that a resumed run finds them from any folder.

    >>> source_of("digits")
    'digits'
    """
    return str(data) if data == "digits" else str(Path(data).expanduser().resolve())


def lasting(name: str | None) -> str | None:
    """Give the whole path of a file or folder, so that a resumed run finds it from anywhere.

    Names of the zoo, and whatever is not there, stay as they are.

    >>> lasting("vgg16"), lasting(None)
    ('vgg16', None)
    """
    if name is None or zoo.is_name(name) or name == "imagenet" or not Path(name).exists():
        return name
    return str(Path(name).expanduser().resolve())


def differences(record: dict[str, Any], processes: int = 1) -> list[str]:
    """Say what is not as it was when the run began, so that it may end with other last digits.

    Args:
        record: of the run.
        processes: how many there are now.
    """
    now = describe_environment()
    pairs = (
        ("torch", record["versions"]["torch"], now["versions"]["torch"]),
        ("the number of processes", (record["chosen"] or {}).get("processes", 1), processes),
        ("the processor", record["machine"]["processor"], now["machine"]["processor"]),
    )
    return [
        f"{name} was {before} and is {after}: the run may end with slightly other weights"
        for name, before, after in pairs
        if before != after
    ]


def check_extension(
    record: dict[str, Any], run: Path, epochs: int | None, minutes: float | None
) -> tuple[int, float] | None:
    """Say whether and how a run is to be extended: (epochs in all, minutes more), or None.

    >>> check_extension({"status": "training"}, Path("runs/cats"), None, None)
    >>> done = {"status": "finished", "epochs_done": 5, "cycles": [{}]}
    >>> check_extension(done, Path("runs/cats"), 8, None)
    (8, 0.0)
    """
    if epochs is not None and minutes is not None:
        raise RunError("epochs and minutes are both given; give the one that is to end the run")
    asked = epochs is not None or minutes is not None
    if record["status"] != "finished":
        if asked:
            raise RunError(
                f"'{run}' is not finished; to extend it, go on with it first: striate train "
                f"--resume {run} (a classifier in it can be used as it is)"
            )
        return None
    done = int(record["epochs_done"])
    if not record["cycles"]:
        raise RunError(
            f"'{run}' is finished: its head was learnt at once, in no epochs; to fine-tune the "
            "body, start a new run with --unfreeze N or --unfreeze all"
        )
    if not asked:
        raise RunError(
            f"'{run}' is finished after {done} epochs; to extend it give the new number of "
            f"epochs in all: striate train --resume {run} --epochs {max(1, 2 * done)}"
        )
    if epochs is not None and epochs <= done:
        raise RunError(f"'{run}' has {done} epochs already; give more than {done}, the new total")
    if minutes is not None and not 0 < minutes <= 1e6:
        raise RunError(f"minutes is {minutes:g}; expected above 0, up to a million")
    return epochs or 0, minutes or 0.0
