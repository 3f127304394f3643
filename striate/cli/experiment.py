"""striate experiment: one of the ideas behind convolutional networks, seen to happen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def experiment(
    name: Annotated[
        str,
        typer.Argument(
            help="translation, shuffle, depth, filters, pooling, stride, activation, "
            "initialisation, dropout or transfer."
        ),
    ],
    data: Annotated[
        str, typer.Option(help="What `striate train` takes: a folder, IDX files, ..., or: digits.")
    ] = "digits",
    seeds: Annotated[int, typer.Option(help="Train every network from so many seeds.")] = 5,
    epochs: Annotated[int | None, typer.Option(help="Passes over the images.")] = None,
    images: Annotated[
        int | None,
        typer.Option(help="To learn from at most. Default: 5,000; shuffle 300; dropout 200."),
    ] = None,
    image_size: Annotated[
        str | None, typer.Option(help="Image size for the networks, as 32 or 24x32.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="CPU threads. Default: by the networks' size.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the numbers and the image. Default: runs/experiment-NAME."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare networks over several seeds, and draw what comes out.

    translation: the test images are moved. shuffle: the pixels are shuffled, in all images
    alike. depth: the same parameters in more layers. filters: more of them, and 3x3 twice
    against 5x5 once. pooling: max, average, sum, overlapping, none. stride: 1 to 4. activation:
    none, sigmoid, tanh, ReLU, leaky ReLU by depth. initialisation: He, Glorot, too small, too
    large. dropout: by the size of the network. transfer: layers that learnt something else, with
    the electricity of it. Ctrl-C ends it cleanly; the same command goes on.
    """
    import json

    from striate.cli.messages import say_steps
    from striate.data import find
    from striate.errors import SettingError
    from striate.settings.texts import parse_size
    from striate.teaching.experiments.effort import Effort, check_name

    if threads is not None and not 1 <= threads <= 4096:
        raise SettingError(f"threads is {threads}; expected a whole number from 1 to 4096")
    name = check_name(name)
    size = None if image_size is None else parse_size(image_size)
    effort = Effort(seeds=seeds, epochs=epochs, images=images, image_size=size)
    effort.check()
    find(data)  # what is wrong with it is said before torch is loaded
    from striate.teaching.experiments import experiment as carry_out

    result = carry_out(name, data, effort=effort, out=out, progress=True, threads=threads)
    if as_json:
        print(json.dumps(result.as_json()))
        return
    print(result)
    folder = Path(result.folder)
    say_steps(
        ("open it", str(folder / f"{result.name}.png")),
        ("numbers", str(folder / f"{result.name}.json")),
    )
