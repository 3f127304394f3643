"""What `striate train` does: images in, a run's folder with a classifier and a report out.

A run goes one way: settings -> `Request` -> `prepare` makes the `Plan` -> `TrainingRun` carries it
out -> `TrainingResult`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Unpack

from torch import nn

from striate.architecture import zoo
from striate.data import Data, find, source_of
from striate.doctor import read_findings
from striate.errors import ClassifierError, RunError
from striate.events import Callback, Note, ignore
from striate.features.backbone_names import check_one_network
from striate.files.home import expand_home
from striate.model.loading import load
from striate.model.run_folder import RunFolder
from striate.settings import ResumeDict, Settings, SettingsDict, make_settings
from striate.terminal.progress_display import display_progress
from striate.training import checkpoints
from striate.training.assignment import Assignment, carry_out
from striate.training.continuation import check_extension
from striate.training.distributed.devices import check_learnable, find_workers
from striate.training.film import check_image
from striate.training.follow_up.follows import Follows
from striate.training.follow_up.predecessor import check_fixes, is_changed, open_predecessor
from striate.training.history import History
from striate.training.plan import Request
from striate.training.preparation import check, read_network
from striate.training.record import RunRecord
from striate.training.result import TrainingResult

Network = str | Path | nn.Module | None


def train(
    data: Data,
    network: Network = None,
    *,
    out: str | Path | None = None,
    callback: Callback | None = None,
    progress: bool | None = None,
    **settings: Unpack[SettingsDict],
) -> TrainingResult:
    """Learn a classifier from a folder of images.

    Everything that is found, chosen and measured stands in the run's folder, with a report.

    Args:
        data: a folder with a folder a class (or train/, val/, test/ of these), IDX files, an
            npz, a CSV of path,label, a zip of any of these, or "digits"; or in memory (images,
            labels), a pandas DataFrame with path and label, or a torch Dataset of (image, label).
        network: a text in the notation, the name of a known network, a file of a text, or a torch
            module (n, channels, rows, columns) -> (n, classes); None takes a compact residual
            network, or a pretrained one where that suits the data.
        out: the run's folder; None takes runs/NAME.
        callback: is told every event.
        progress: whether to show it; None does in a terminal or a notebook, where no callback is
            told instead.
        **settings: everything else, as `Settings` has it: epochs, minutes, image_size,
            batch_size, learning_rate, seed, pretrained, unfreeze, device, ...

    Returns:
        The best state as a classifier, what it is worth, and how it got there.

    Raises:
        StriateError: one of its children, saying what is wrong with the data, the network or
            a setting.

    Example: ``train("photos/", epochs=10, image_size=64).model.predict("cat.jpg")``.
    """
    with display_progress(progress, callback) as tell:
        return start_run(data, network, out=out, settings=make_settings(settings), callback=tell)


def start_run(
    data: Data,
    network: Network = None,
    *,
    out: str | Path | None = None,
    settings: Settings,
    callback: Callback = ignore,
) -> TrainingResult:
    """Begin a run and see it through; arguments as for `train`."""
    workers = check(settings)
    request = make_request(data, network, settings)
    module = network if isinstance(network, nn.Module) else None
    job = Assignment(RunRecord.begin(request), data, module, out=out)
    return carry_out(job, workers, callback)


def make_request(data: Data, network: Network, settings: Settings) -> Request:
    """Return what the user asks for, with every file by its whole path.

    Raises:
        SettingError: a network is given twice, or as a torch module that cannot learn.
        NotationError: its text cannot be read.

    >>> make_request("digits", "compact", Settings()).from_scratch
    True
    """
    check_one_network(network, settings.pretrained)
    check_image(settings.film)
    is_module = isinstance(network, nn.Module)
    if isinstance(network, nn.Module):
        check_learnable(network)
    return Request(
        source=source_of(data),
        network=None if isinstance(network, nn.Module) else read_network(network),
        is_module=is_module,
        from_scratch=network is not None,
        settings=replace(
            settings,
            pretrained=lasting(settings.pretrained),
            weights=lasting(settings.weights),
            fixes=lasting(settings.fixes),
            film=lasting(settings.film),
        ),
    )


def resume(
    run: str | Path,
    *,
    data: Data | None = None,
    network: nn.Module | None = None,
    out: str | Path | None = None,
    callback: Callback | None = None,
    progress: bool | None = None,
    **changes: Unpack[ResumeDict],
) -> TrainingResult:
    """Go on with a run that was stopped; extend a finished one; or go on from it with other images.

    On the same processor, with the same threads, a run that was stopped and resumed ends with
    exactly the weights of one that was not.

    With `data` that has other images, labels or classes than a finished run, or with `fixes`, a new
    run begins where that one ended: images that are unchanged stay in their split, features are
    computed of new ones only, a network trained from scratch starts from the weights, and a head is
    learnt anew. The finished run stays as it is; the report says what changed (docs/go-on.md).

    Args:
        run: its folder.
        data: where the images are now, if they have moved, were given in memory, or changed.
        network: the torch module, where the run was started with one.
        out: the folder of the new run, where it goes on with other images; None takes runs/NAME.
        callback: is told every event.
        progress: as for `train`.
        **changes: epochs, the new number in all, or minutes, so many more, to extend a finished
            run; devices, how many are to share the steps now; fixes, a file of images to drop or
            relabel, to go on with other images.

    Returns:
        The best state as a classifier, what it is worth, and how it got there.

    Raises:
        RunError: it is not a run, the data of one that is not finished has changed, or there is
            nothing to go on with.

    Example: ``resume("runs/photos", epochs=40).model``.
    """
    folder = RunFolder(Path(run))
    record = RunRecord.read(folder)
    epochs, minutes = changes.get("epochs"), changes.get("minutes")
    if _goes_to_a_new_run(folder, record, data, changes):
        with display_progress(progress, callback) as tell:
            return follow(folder.path, data, out=out, callback=tell, **changes)
    if out is not None:
        raise RunError(
            f"'{run}' goes on in its own folder; out is for a finished run that goes on with other "
            "images: give these, or fixes"
        )
    request = record.request
    if request.is_module and network is None:
        raise RunError(
            f"'{run}' was started with a torch module, whose code is not in the folder; "
            "give it: striate.resume(run, network=module)"
        )
    if record.lacks_report(folder) and epochs is None and minutes is None:
        with display_progress(progress, callback) as tell:
            return _report_again(folder, record, data, network, tell)
    extension = check_extension(record, folder.path, epochs, minutes)
    devices = changes.get("devices")
    if devices is not None:
        request = replace(request, settings=replace(request.settings, devices=devices).check())
    workers = find_workers(request.settings.device, request.settings.devices)
    job = _going_on(replace(record, request=request), folder, data, network)
    with display_progress(progress, callback) as tell:
        return carry_out(replace(job, extension=extension), workers, tell)


def _goes_to_a_new_run(
    folder: RunFolder, record: RunRecord, data: Data | None, changes: ResumeDict
) -> bool:
    """Return whether a run that is over is to be gone on from with other images."""
    if changes.get("fixes") is not None:
        return True
    if data is None or record.outcome is None or record.lacks_report(folder):
        return False
    longer = changes.get("epochs") is not None or changes.get("minutes") is not None
    if record.status == "finished" and not longer:
        return True
    settings = record.request.settings
    found = find(
        data,
        layout=settings.layout,
        zip_encoding=settings.zip_encoding,
        fixes=folder.find_fixes(settings.fixes),
    )
    return is_changed(folder, found)


def follow(
    run: Path,
    data: Data | None,
    *,
    out: str | Path | None = None,
    callback: Callback = ignore,
    **changes: Unpack[ResumeDict],
) -> TrainingResult:
    """Begin a new run where a finished one ended, with other images; arguments as for `resume`.

    Raises:
        RunError: nothing changed, a class vanished, no fix meets an image, or the run is no base.
    """
    predecessor = open_predecessor(run)
    before = predecessor.request.settings
    given = Settings(
        epochs=changes.get("epochs"),
        minutes=changes.get("minutes"),
        fixes=lasting(changes.get("fixes")),
    )
    if not predecessor.plan.in_steps and (given.epochs or given.minutes):
        raise RunError(
            f"the head of '{run}' is learnt at once, in no epochs; leave epochs and minutes out"
        )
    devices = changes.get("devices") or before.devices
    source = predecessor.request.source if data is None else source_of(data)
    request = predecessor.make_request(source, replace(given, devices=devices).check())
    found = find(
        source if data is None else data, layout=before.layout, zip_encoding=before.zip_encoding
    )
    check_fixes(found, given.fixes)
    fixed = find(found, fixes=request.settings.fixes)
    predecessor.check_classes(fixed.classes, source)
    job = Assignment(
        RunRecord.begin(request, Follows(str(run.resolve()))),
        found if devices == 1 else source,
        None,
        out=out,
        predecessor=predecessor,
    )
    return carry_out(job, find_workers(request.settings.device, devices), callback)


def report_run(
    run: str | Path,
    *,
    data: Data | None = None,
    network: nn.Module | None = None,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> TrainingResult:
    """Write the report of a run again; a run that was killed is ended where its checkpoint stands.

    Args:
        run: its folder.
        data: where the images are now, if they have moved or were given in memory.
        network: the torch module, where the run was started with one.
        callback: is told every event.
        progress: as for `train`.

    Returns:
        What `train` returned, or would have.

    Raises:
        RunError: it is not a run, or nothing is learnt yet.

    Example: ``report_run("runs/photos").folder``.
    """
    folder = RunFolder(Path(run))
    record, unknown = RunRecord.read_known(folder)
    with display_progress(progress, callback) as tell:
        if record.status in ("finished", "interrupted"):
            if unknown:
                tell(Note(f"written by a newer Striate: {', '.join(unknown)} are left out"))
            return _report_again(folder, record, data, network, tell)
        record = RunRecord.read(folder)
        if record.head is None and not checkpoints.exists(folder.path):
            raise RunError(
                f"'{run}' was ended before anything was learnt, so there is nothing to report; "
                "start a new run"
            )
        if record.request.is_module and network is None:
            raise RunError(
                f"'{run}' is not finished, and the torch module that it was started with is not "
                "in the folder; give it: striate.training.runs.report_run(run, network=module)"
            )
        job = replace(_going_on(record, folder, data, network), learn=False)
        return carry_out(job, find_workers(record.request.settings.device, 1), tell)


def _report_again(
    folder: RunFolder,
    record: RunRecord,
    data: Data | None,
    network: nn.Module | None,
    callback: Callback,
) -> TrainingResult:
    """Write the report of a run that is over."""
    from striate.training.report_again import rewrite_report

    with folder.held():
        try:
            model = load(folder.model, network=network)
        except ClassifierError:  # the page needs it for the heat maps alone
            rewrite_report(folder, record, None, data=data, callback=callback)
            raise
        rewrite_report(folder, record, model, data=data, callback=callback)
    outcome = record.outcome
    if outcome is None:
        raise RunError(f"'{folder.path}' has not been evaluated yet")
    history = History(tuple(folder.read_epochs(outcome.epochs)))
    interrupted = record.status == "interrupted"
    return TrainingResult(
        model=model,
        evaluation=outcome.evaluation,
        folder=folder.path,
        history=history,
        interrupted=interrupted,
        findings=read_findings(folder.findings) or (),
        health=record.health,
    )


def _going_on(
    record: RunRecord, folder: RunFolder, data: Data | None, network: nn.Module | None
) -> Assignment:
    """Return the assignment to go on with a run, on its own data or where that is now."""
    if data is None:
        return Assignment(record, record.request.source, network, folder=folder)
    request = replace(record.request, source=source_of(data))
    return Assignment(replace(record, request=request), data, network, folder=folder)


def lasting(name: str | None) -> str | None:
    """Return the whole path of a file or folder, so that a resumed run finds it from anywhere.

    Names of the zoo, and whatever is not there, stay as they are.

    >>> lasting("vgg16"), lasting(None)
    ('vgg16', None)
    """
    if name is None or zoo.is_name(name) or name == "imagenet" or not Path(name).exists():
        return name
    return str(expand_home(name).resolve())
