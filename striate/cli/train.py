"""striate train: a folder of images in, a run's folder out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.errors import SettingError

if TYPE_CHECKING:
    from striate.events import Event


def train(
    data: Annotated[
        str | None,
        typer.Argument(
            help="A folder with one folder per class (or train/, val/, test/ of these), IDX files, "
            "an npz, a CSV of path,label, a zip of any of these, or: digits."
        ),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            help="The network: a text such as '[conv 32 > relu > maxpool 2]*3 > "
            "flatten > fc', a known one as resnet18, or a .cnn file. Default: compact, a "
            "residual network that fits the images; few photographs start --from a trained one."
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the images.")] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Time of the whole run, instead of epochs.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="Image size for the network, as 128 or 96x128.")
    ] = None,
    fit: Annotated[
        str | None,
        typer.Option(
            help="How other shapes are fitted: pad, squash or crop. Default: pad, or as the body "
            "was trained."
        ),
    ] = None,
    body: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Start from a trained network and give it a new head: a name of `striate zoo`, "
            "a classifier's file or run, or timm:NAME with the timm extra.",
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Of a body from the zoo or timm: imagenet (published, the default) or a file."
        ),
    ] = None,
    cut: Annotated[
        str | None,
        typer.Option(
            help="The last layer of the body that is kept. Default: all before the last full "
            "connection or the convolution that tells the classes."
        ),
    ] = None,
    unfreeze: Annotated[
        str | None,
        typer.Option(
            help="After the head, train on the body's last N layers and blocks, or all of them."
        ),
    ] = None,
    hold_statistics: Annotated[
        bool, typer.Option(help="Keep the statistics of batch normalisation in fine-tuning.")
    ] = True,
    versions: Annotated[
        int,
        typer.Option(
            help="Versions of each image that the head is learnt from: itself and changed ones."
        ),
    ] = 1,
    offline: Annotated[bool, typer.Option("--offline", help="Open no connection.")] = False,
    estimate: Annotated[
        bool,
        typer.Option(
            "--estimate", help="Say how long it would take, from a few timed steps, and end there."
        ),
    ] = False,
    energy: Annotated[
        bool,
        typer.Option("--energy", help="Measure the electricity that the run takes, and its CO2e."),
    ] = False,
    country: Annotated[
        str | None,
        typer.Option(
            help="Whose electricity it is, as three letters (DEU). Default: the world's mean."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder. Default: runs/NAME.")] = None,
    seed: Annotated[
        int, typer.Option(help="Random seed: of the split, the weights, the order.")
    ] = 0,
    resume: Annotated[
        Path | None,
        typer.Option(
            help="Go on with this run; with --epochs N or --minutes, extend it. DATA is needed "
            "only where the images have moved."
        ),
    ] = None,
    precision: Annotated[str, typer.Option(help="auto (measured), float32 or bf16.")] = "auto",
    batch: Annotated[int | None, typer.Option(help="Images a step.")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="At the peak of the one-cycle schedule.")
    ] = None,
    weight_decay: Annotated[float, typer.Option(help="AdamW's.")] = 0.05,
    label_smoothing: Annotated[
        float, typer.Option(help="Share of the target spread over all classes.")
    ] = 0.1,
    balance: Annotated[
        str, typer.Option(help="Weight of rare classes: auto, none, sqrt or full.")
    ] = "auto",
    augment: Annotated[bool, typer.Option(help="Change training images a little.")] = True,
    mirror: Annotated[
        bool | None,
        typer.Option(help="Exchange left and right in training. Default: photographs only."),
    ] = None,
    background: Annotated[
        str, typer.Option(help="Colour under transparent pixels, #rrggbb.")
    ] = "#ffffff",
    val_fraction: Annotated[
        float | None,
        typer.Option(
            help="Share held out where DATA has no validation part. Default: a fifth, and at "
            "most 5,000 images."
        ),
    ] = None,
    patience: Annotated[
        int | None, typer.Option(help="Stop after so many epochs without a better state.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    devices: Annotated[
        int | None,
        typer.Option(help="GPUs, or processes on the CPU, that share every step. Default: 1."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object an event.")
    ] = False,
) -> None:
    """Learn a classifier from a folder of images.

    Ctrl-C ends it with the best state so far; --resume RUN goes on after that, or after a kill.
    """
    from striate.settings import Settings
    from striate.terminal.console import Console
    from striate.training.estimation import estimate as ahead
    from striate.training.runs import resume as go_on
    from striate.training.runs import start

    if data is not None and not data.strip():
        raise SettingError("DATA is empty; give a folder or a file, as `striate train photos/`")
    if data is None and resume is None:
        raise SettingError(
            "give DATA, as `striate train digits` or `striate train photos/`, or --resume RUN"
        )
    settings = Settings(
        epochs=epochs,
        minutes=minutes,
        size=size,
        fit=fit,
        body=body,
        weights=weights,
        cut=cut,
        unfreeze=unfreeze,
        hold_statistics=hold_statistics,
        versions=versions,
        offline=offline,
        energy=energy,
        country=country,
        background=background,
        seed=seed,
        batch=batch,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        label_smoothing=label_smoothing,
        balance=balance,
        augment=augment,
        mirror=mirror,
        val_fraction=val_fraction,
        patience=patience,
        precision=precision,
        threads=threads,
        device=device,
        devices=1 if devices is None else devices,
    )
    if estimate and resume is not None:
        raise SettingError("--estimate is for a new run; leave out --resume, or --estimate")
    with Console() as console:
        callback = print_json if as_json else console
        if estimate:
            callback(ahead(str(data), network, settings=settings, callback=callback))
        elif resume is None:
            start(str(data), network, out=out, settings=settings, callback=callback)
        else:
            fresh = Settings(epochs=epochs, minutes=minutes, devices=settings.devices)
            if settings != fresh or network or out:
                raise SettingError(
                    "a run keeps its settings: --resume takes --epochs or --minutes, and --devices"
                )
            go_on(
                resume,
                data=data,
                epochs=epochs,
                minutes=minutes,
                devices=devices,
                callback=callback,
            )


def print_json(event: Event) -> None:
    """Print an event as one line of JSON, at once."""
    import json

    from striate.events import as_json

    print(json.dumps(as_json(event)), flush=True)
