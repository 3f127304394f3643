"""striate train: a folder of images in, a run's folder out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Unpack, get_type_hints

import typer

from striate.errors import SettingError, join_words

if TYPE_CHECKING:
    from striate.events import Callback, Event
    from striate.settings import Settings, SettingsDict


def train(
    data: str | None,
    network: str | None,
    *,
    out: Path | None,
    resume: Path | None,
    seeds: int,
    compare_splits: bool,
    estimate: bool,
    as_json: bool,
    **given: Unpack[SettingsDict],
) -> None:
    """Learn a classifier from a folder of images.

    Ctrl-C ends it with the best state so far; --resume RUN goes on after that, or after a kill.
    With DATA that has changed, or --fixes, it goes on from a finished run into a new folder.
    """
    from dataclasses import replace

    from striate.cli.early_checks import check_order, describe_collection
    from striate.events import Note
    from striate.settings import Settings
    from striate.settings.texts import check_seeds
    from striate.terminal.console import Console

    if data is not None and not data.strip():
        raise SettingError("DATA is empty; give a folder or a file, as `striate train photos/`")
    if data is None and resume is None:
        raise SettingError(
            "give DATA, as `striate train digits` or `striate train photos/`, or --resume RUN"
        )
    devices = given.pop("devices", None)  # 1 that was asked for is not what was left out
    settings = Settings(**given)
    if devices is not None:
        settings = replace(settings, devices=devices)
    if estimate and resume is not None:
        raise SettingError("--estimate is for a new run; leave out --resume, or --estimate")
    if seeds != 1 and (estimate or resume is not None):
        other = "--estimate" if estimate else "--resume, which knows the seeds of its folder"
        raise SettingError(f"--seeds is for new runs; leave it out, or {other}")
    if compare_splits and (estimate or resume is not None or seeds != 1):
        raise SettingError(
            "--compare-splits is for one new run; leave it out, or --estimate, --resume and --seeds"
        )
    with Console() as console:
        callback = print_json if as_json else console
        if resume is not None:
            _go_on(
                resume, data, settings, network=network, devices=devices, out=out,
                callback=callback,
            )  # fmt: skip
            return
        if seeds != 1:
            check_seeds(seeds)
        found = check_order(str(data), network, settings)
        callback(Note(f"{describe_collection(found)}; loading torch"))
        from striate.training.estimation import estimate_run
        from striate.training.runs import start_run

        if estimate:
            callback(estimate_run(found, network, settings=settings, callback=callback))
        else:
            # other processes find the images by themselves
            images = str(data) if settings.devices > 1 else found
            if compare_splits:
                from striate.training import split_comparison

                split_comparison.compare_splits(
                    images, network, out=out, settings=settings, callback=callback
                )
            elif seeds == 1:
                start_run(images, network, out=out, settings=settings, callback=callback)
            else:
                from striate.training.seeds import start_seeds

                start_seeds(
                    images, network, seeds=seeds, out=out, settings=settings, callback=callback
                )


def _go_on(
    run: Path,
    data: str | None,
    settings: Settings,
    *,
    network: str | None,
    devices: int | None,
    out: Path | None,
    callback: Callback,
) -> None:
    """Go on with a run, which keeps its settings but for those that say how far it goes."""
    from dataclasses import fields

    from striate.cli.early_checks import check_run
    from striate.model.run_folder import holds_seeds
    from striate.settings import Settings

    epochs, minutes, fixes = settings.epochs, settings.minutes, settings.fixes
    free = ("epochs", "minutes", "devices", "fixes")
    others = [
        f"--{'no-' * (getattr(settings, each.name) is False)}{each.name.replace('_', '-')}"
        for each in fields(Settings)
        if each.name not in free and getattr(settings, each.name) != each.default
    ] + ([] if network is None else ["--network"])
    if others:
        raise SettingError(
            "a run keeps its settings, image size and preprocessing among them: --resume takes "
            "--epochs or --minutes, --devices, and to go on with other images --fixes and --out; "
            f"leave out {join_words(others)}, or --resume"
        )
    if holds_seeds(run):
        if settings != Settings() or out is not None:
            raise SettingError(
                f"'{run}' holds runs of several seeds, which keep their settings; extend one of "
                f"them, as --resume {run}/seed-0"
            )
        from striate.training.seeds import resume_seeds

        resume_seeds(run, data=data, callback=callback)
        return
    check_run(run)
    from striate.training.runs import resume

    resume(
        run,
        data=data,
        epochs=epochs,
        minutes=minutes,
        devices=devices,
        fixes=fixes,
        out=out,
        callback=callback,
    )


SWITCHES = (
    "autotune",
    "offline",
    "energy",
    "tta",
    "random_split",
    "promise_per_class",
)  # that nothing turns off


def arguments() -> tuple[tuple[str, object, object], ...]:
    """Return what is no setting: (name, type with its help, default)."""
    return (
        (
            "data",
            Annotated[
                str | None,
                typer.Argument(
                    help="A folder with one folder per class (or train/, val/, test/ of these), "
                    "IDX files, an npz, a CSV of path,label, a zip of any of these, or: digits."
                ),
            ],
            None,
        ),
        (
            "network",
            Annotated[
                str | None,
                typer.Option(
                    help="The network: a text such as '[conv 32 > relu > maxpool 2]*3 > flatten > "
                    "fc', a known one as resnet18, or a file of one. Default: compact, a residual "
                    "network that fits the images; few photographs start from a --pretrained one."
                ),
            ],
            None,
        ),
        ("out", Annotated[Path | None, typer.Option(help="Run folder. Default: runs/NAME.")], None),
        (
            "resume",
            Annotated[
                Path | None,
                typer.Option(
                    help="Go on with this run; with --epochs N or --minutes, extend it. With DATA "
                    "that has changed, or --fixes, go on from it into a new run folder."
                ),
            ],
            None,
        ),
        (
            "seeds",
            Annotated[
                int,
                typer.Option(
                    help="Train with so many seeds, from --seed upwards: a run each, and their "
                    "mean accuracy with its interval."
                ),
            ],
            1,
        ),
        (
            "compare_splits",
            Annotated[
                bool,
                typer.Option(
                    "--compare-splits",
                    help="Train on a random split, too, and say what it would have claimed.",
                ),
            ],
            False,
        ),
        (
            "estimate",
            Annotated[
                bool,
                typer.Option(
                    "--estimate",
                    help="Say how long it would take, from a few timed steps; train nothing.",
                ),
            ],
            False,
        ),
        (
            "as_json",
            Annotated[bool, typer.Option("--json", help="Print one JSON object an event.")],
            False,
        ),
    )


def options() -> Iterator[tuple[str, object, object]]:
    """Return the options of `train`: those above, and one for each field of `Settings`."""
    from dataclasses import fields

    from striate.settings import Settings
    from striate.settings.texts import parse_size, parse_unfreeze

    yield from arguments()
    types = get_type_hints(Settings)
    for each in fields(Settings):
        if each.metadata["hidden"]:
            continue
        flags = [f"--{each.name.replace('_', '-')}"] if each.name in SWITCHES else []
        kind, text = types[each.name], each.metadata["help"]
        option = typer.Option(*flags, help=text)
        if each.name == "image_size":
            kind, option = str | None, typer.Option(help=text, metavar="SIZE", parser=parse_size)
        elif each.name == "unfreeze":
            kind, option = (
                str | None,
                typer.Option(help=text, metavar="N|all", parser=parse_unfreeze),
            )
        if each.name == "devices":
            yield each.name, Annotated[int | None, typer.Option(help=f"{text} Default: 1.")], None
        else:
            yield each.name, Annotated[kind, option], each.default


def declare_options() -> None:
    """Give `train` the signature that typer reads its options from, when it is to be called."""
    import inspect

    declared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=kind)
        for name, kind, value in options()
    ]
    train.__signature__ = inspect.Signature(declared)  # type: ignore[attr-defined]
    train.__annotations__ = {each.name: each.annotation for each in declared}


def print_json(event: Event) -> None:
    """Print an event as one line of JSON, at once."""
    import json

    from striate.events import as_json

    print(json.dumps(as_json(event)), flush=True)
