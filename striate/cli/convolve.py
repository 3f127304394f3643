"""striate convolve: one filter over one image, and its way on to a class, with the arithmetic."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from striate.cli.messages import say
from striate.errors import SettingError

if TYPE_CHECKING:
    import numpy as np

    from striate.teaching import convolution
    from striate.teaching.convolution import ConvolutionMatrix, FeatureMap, ImageNumbers, Loops
    from striate.teaching.worked_path import WorkedPath


def convolve(
    image: Annotated[
        str,
        typer.Argument(
            help="An image's file; a text or CSV file of numbers; or a grid such as '010/101'."
        ),
    ],
    filter_: Annotated[
        str | None,
        typer.Option(
            "--filter",
            help="identity, sharpen, blur, gaussian-blur, edge-enhance, emboss, edge-detect, "
            "laplacian, sobel-x, sobel-y, prewitt-x, prewitt-y, scharr-x, scharr-y; or numbers: "
            "'0 0 1; 1 0 0; 0 1 1', with | between the kernels of channels.",
        ),
    ] = None,
    stride: Annotated[str, typer.Option(help="Steps, as 2 or 2x1 (rows x columns).")] = "1",
    padding: Annotated[str, typer.Option(help="valid, same, end or pixels: 1 or 1x2.")] = "valid",
    padding_mode: Annotated[
        str, typer.Option(help="What stands in the padding: zero, or edge, the border repeated.")
    ] = "zero",
    dilation: Annotated[str, typer.Option(help="Pixels from weight to weight.")] = "1",
    channels: Annotated[
        str, typer.Option(help="gray, each (every colour apart), sum (as a network does) or auto.")
    ] = "auto",
    flip: Annotated[
        bool, typer.Option("--flip", help="Turn the kernel first: the convolution of mathematics.")
    ] = False,
    bias: Annotated[float, typer.Option(help="Added to every value.")] = 0.0,
    relu: Annotated[bool, typer.Option("--relu", help="Make what is negative 0.")] = False,
    leaky_relu: Annotated[
        float | None, typer.Option(help="Multiply what is negative by this slope.")
    ] = None,
    pool: Annotated[
        str | None,
        typer.Option(help="max, avg or sum, and the window: 'max 2', 'avg 3 stride=2 ceil=no'."),
    ] = None,
    then: Annotated[
        str | None,
        typer.Option(help="The network behind it, as 'flatten > fc 2 > softmax': go on to it."),
    ] = None,
    parameters: Annotated[
        Path | None,
        typer.Option(help="With --then: a JSON file of parameters by address, as fc1.weight."),
    ] = None,
    seed: Annotated[int, typer.Option(help="With --then: of parameters that are drawn.")] = 0,
    classes: Annotated[
        str | None, typer.Option(help="With --then: names of the outputs, as cat,dog.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="With --then: the true class; then also the loss, and back.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="With --label: of one step of gradient descent.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="ROW,COLUMN, from 0: write this value's whole arithmetic; with --then also "
            "'fc1 0', 'conv1 0 3 1' or 'fc1.weight 0 2'."
        ),
    ] = None,
    as_matrix: Annotated[
        bool, typer.Option("--as-matrix", help="Do it as products of matrices too, and compare.")
    ] = False,
    loops: Annotated[
        bool, typer.Option("--loops", help="Write it as loops, with what they cost.")
    ] = False,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Show the image as its matrices of numbers.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the result as this PNG file, all as .html, or how it comes about as .gif, "
            ".webp or .mp4."
        ),
    ] = None,
    view: Annotated[
        str, typer.Option(help="What a PNG shows: image, map (with its scale), matrix or auto.")
    ] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Slide one filter over one image, number by number, and go on to a class and its loss.

    Small maps are printed, of larger ones the size and the range. IMAGE is only read.
    """
    import json

    # here, as the other verbs need none of it
    from striate.cli.convolve_input import describe_kernel, open_image, parse_padding, parse_sides
    from striate.cli.convolve_output import Answer, check_out, choose_view, write
    from striate.cli.convolve_then import Then, choose_value, make_path
    from striate.teaching import convolution

    asked = Then(then, parameters, seed, classes, label, learning_rate)
    asked.check(filter_ is not None, numbers=numbers)
    values, read = open_image(image)
    check_out(out, image)
    result, pooled = None, None
    if filter_ is not None:
        result = convolution.convolve(
            values,
            convolution.Filter.of(filter_, flip=flip, bias=bias),
            stride=parse_sides(stride, "--stride"),
            pad=parse_padding(padding),
            padmode=cast("convolution.Border", padding_mode),
            dilation=parse_sides(dilation, "--dilation"),
            channels=cast("convolution.Channels", channels),
        )
        result = bend(result, relu=relu, leaky_relu=leaky_relu)
        pooled = None if pool is None else result.pool(convolution.parse_pool(pool))
    page = out is not None and out.suffix.lower() == ".html"
    path = None
    if then is not None or (page and result is not None):
        path = make_path(asked, values if result is None else result, pooled)
    answer = Answer(
        numbers=show_numbers(values, at if result is None else None) if numbers else None,
        result=result,
        pooled=pooled,
        path=path,
        loops=write_loops(result, path) if loops else (),
        unrolled=result.as_matrix() if as_matrix and result is not None else None,
        matrix=lay_out(result, path) if as_matrix else None,
        value=choose_value(at, result, path),
    )
    remark = ""
    if out is not None:
        remark = write(
            out,
            answer,
            view=choose_view(view, answer),
            command=f"striate {shlex.join(sys.argv[1:])}",
        )
    if as_json:
        print(json.dumps(answer.as_json() | {"out": out and str(out)}))
    else:
        print(answer.as_text(shutil.get_terminal_size().columns))
    kernel = "" if filter_ is None else describe_kernel(filter_)
    for said in (kernel and f"--filter {kernel}", read, remark):
        if said:
            say(said)


def bend(result: FeatureMap, *, relu: bool, leaky_relu: float | None) -> FeatureMap:
    """Apply the activation that is asked for."""
    if relu and leaky_relu is not None:
        raise SettingError("--relu and --leaky-relu are both given; give one")
    return result.relu(leaky_relu or 0.0) if relu or leaky_relu is not None else result


def show_numbers(values: np.ndarray, at: str | None) -> ImageNumbers:
    """Return the image as its matrices, from the place of --at on."""
    from striate.cli.convolve_input import PLACE, parse_place
    from striate.teaching.convolution import read_matrices

    place = at is not None and PLACE.fullmatch(at.strip())
    return read_matrices(values, corner=parse_place(at) if at and place else (0, 0))


def write_loops(result: FeatureMap | None, path: WorkedPath | None) -> tuple[Loops, ...]:
    """Write the filter, or every layer of a network that multiplies, as loops."""
    from striate.teaching import convolution

    if path is not None:
        return tuple(convolution.write_loops(layer, shape) for layer, shape in path.multiplying())
    return () if result is None else (convolution.write_loops(result.layer, result.shape),)


def lay_out(result: FeatureMap | None, path: WorkedPath | None) -> ConvolutionMatrix | None:
    """Lay the first convolution out as one matrix; None where that is too large, or none is there.

    Channels that are convolved apart would have a matrix each.
    """
    from striate.teaching.convolution import MOST_ENTRIES

    if path is not None:
        return path.lay_out_matrix()
    if result is None or result.layer.groups > 1 or result.macs > MOST_ENTRIES:
        return None
    return result.as_convolution_matrix()
