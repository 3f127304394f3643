"""striate convolve: one filter over one image, with its arithmetic."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from striate.cli.messages import say
from striate.errors import ImageError, SettingError
from striate.terminal.escape import escape_controls
from striate.terminal.wrapping import wrap

if TYPE_CHECKING:
    import numpy as np

    from striate.teaching import convolution
    from striate.teaching.convolution import FeatureMap, Pooled

PAIR = re.compile(r"([0-9]{1,9})(?:[xX]([0-9]{1,9}))?")
PLACE = re.compile(r"(-?[0-9]{1,9})\s*,\s*(-?[0-9]{1,9})")
TEXTS = {".txt", ".csv", ".tsv"}
LARGEST_TEXT = 2**26  # bytes
LARGEST_SIDE = 2**27  # of a stride, a padding or a dilation, as the arithmetic takes it


def convolve(
    image: Annotated[
        str,
        typer.Argument(
            help="An image's file; a text or CSV file of numbers; or a grid such as '010/101'."
        ),
    ],
    filter_: Annotated[
        str,
        typer.Option(
            "--filter",
            help="identity, sharpen, blur, gaussian-blur, edge-enhance, emboss, edge-detect, "
            "laplacian, sobel-x, sobel-y, prewitt-x, prewitt-y, scharr-x, scharr-y; or numbers: "
            "'0 0 1; 1 0 0; 0 1 1', with | between the kernels of channels.",
        ),
    ],
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
    at: Annotated[
        str | None, typer.Option(help="ROW,COLUMN, from 0: write this value's whole arithmetic.")
    ] = None,
    as_matrix: Annotated[
        bool, typer.Option("--as-matrix", help="Do it as a product of matrices too, and compare.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write the result as this PNG file.")] = None,
    view: Annotated[
        str, typer.Option(help="What --out draws: image, map (with its scale) or auto.")
    ] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Slide one filter over one image, number by number.

    Small maps are printed, of larger ones the size and the range. IMAGE is only read.
    """
    import json

    from striate.teaching import convolution

    values, read = open_image(image)
    check_out(out, image)
    result = convolution.convolve(
        values,
        convolution.Filter.of(filter_, flip=flip, bias=bias),
        stride=parse_sides(stride, "--stride"),
        pad=parse_padding(padding),
        padmode=cast("convolution.Border", padding_mode),
        dilation=parse_sides(dilation, "--dilation"),
        channels=cast("convolution.Channels", channels),
    )
    if relu and leaky_relu is not None:
        raise SettingError("--relu and --leaky-relu are both given; give one")
    if relu or leaky_relu is not None:
        result = result.relu(leaky_relu or 0.0)
    pooled = None if pool is None else result.pool(convolution.parse_pool(pool))
    arithmetic = None if at is None else result.at(*parse_place(at))
    matrix = result.as_matrix() if as_matrix else None
    remark = "" if out is None else write(out, result, pooled, view=choose_view(view, result))
    if as_json:
        told = result.as_json() | {
            "pooled": pooled and pooled.as_json(),
            "at": arithmetic and arithmetic.as_json(),
            "matrix": matrix and matrix.as_json(),
            "out": out and str(out),
        }
        print(json.dumps(told))
    else:
        width = shutil.get_terminal_size().columns
        print(result.as_text(width=width))
        if pooled:
            print(pooled.as_text(width=width))
        for each in (matrix, arithmetic):
            if each:
                print(f"\n{wrap(str(each), width)}")
    if kernel := describe_kernel(filter_):
        say(f"--filter {kernel}")
    for said in (read, remark):
        if said:
            say(said)


def describe_kernel(text: str) -> str:
    """Describe where a filter was read as single digits; empty where it was not.

    >>> describe_kernel("10/16")
    '10/16: read as single digits, 2x2; numbers need blanks or commas between them'
    """
    from striate.teaching.convolution.number_grids import explain_digits, split_kernel_rows

    told = [explain_digits(split_kernel_rows(part)) for part in text.split("|")]
    return next((f"{text[:40]}: {each}" for each in told if each), "")


def open_image(image: str) -> tuple[np.ndarray, str]:
    """Read an image: a file of pixels, a file of numbers, or a grid written out.

    What was odd about an image is said on the standard error; that numbers were read as single
    digits is given, to be said once all went well.
    """
    from striate.teaching import convolution
    from striate.teaching.convolution.number_grids import explain_digits, split_image_rows

    if not image.strip():
        raise ImageError("the image is empty; give a file or a grid such as '010/101'")
    path = Path(image)
    try:
        there = path.exists()
    except (OSError, ValueError):  # too long for a file's name, or what none can hold
        there = False
    if not there and convolution.is_grid(image):
        told = explain_digits(split_image_rows(image))
        return convolution.parse_image(image), told and f"{image[:80]}: {told}"
    if there and path.suffix.lower() in TEXTS:
        text, table = read_text(path), path.suffix.lower() != ".txt"
        told = "" if table else explain_digits(split_image_rows(text))
        return convolution.parse_image(text, digits=not table), told and f"{image}: {told}"
    import numpy as np

    from striate.data import images

    try:
        decoded = images.decode(path)
    except ImageError as error:
        raise ImageError(f"'{image}' cannot be read: {error}") from error
    for remark in decoded.remarks:
        say(escape_controls(f"{image}: {remark}"))
    return np.asarray(decoded.image), ""


def read_text(path: Path) -> str:
    """Read a file of numbers."""
    try:
        if path.stat().st_size > LARGEST_TEXT:
            raise ImageError(f"'{path}' is too large for a file of numbers, over 64 MiB")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ImageError(f"'{path}' cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ImageError(f"'{path}' is no text: {error}") from error


def parse_sides(text: str, option: str, least: int = 1) -> tuple[int, int]:
    """Read "2" or "2x1" as rows and columns.

    >>> parse_sides("2", "--stride"), parse_sides("2x1", "--stride")
    ((2, 2), (2, 1))
    """
    found = PAIR.fullmatch(text.strip())
    if found is None:
        raise SettingError(f"{option} is '{text[:40]}'; expected a whole number as 2, or 2x1")
    rows, columns = int(found[1]), int(found[2] or found[1])
    if not least <= min(rows, columns) <= max(rows, columns) <= LARGEST_SIDE:
        raise SettingError(
            f"{option} is '{text[:40]}'; expected whole numbers from {least} to {LARGEST_SIDE:,}"
        )
    return rows, columns


def parse_padding(text: str) -> tuple[int, int] | Literal["valid", "same", "end"]:
    """Read what --padding says.

    >>> parse_padding("same"), parse_padding("1")
    ('same', (1, 1))
    """
    if text in ("valid", "same", "end"):
        return cast("Literal['valid', 'same', 'end']", text)
    if not PAIR.fullmatch(text.strip()):
        raise SettingError(f"--padding is '{text[:40]}'; expected valid, same, end, or pixels as 1")
    return parse_sides(text, "--padding", 0)


def parse_place(text: str) -> tuple[int, int]:
    """Read "3,1" as row 3, column 1.

    >>> parse_place("3,1")
    (3, 1)
    """
    found = PLACE.fullmatch(text.strip())
    if found is None:
        raise SettingError(f"--at is '{text[:40]}'; expected ROW,COLUMN, counted from 0, as 3,1")
    return int(found[1]), int(found[2])


def check_out(out: Path | None, image: str) -> None:
    """Make sure before the work that the result can be written, and not over the image."""
    if out is None:
        return
    if out.suffix.lower() != ".png":
        raise SettingError(f"--out is '{out}'; expected a name that ends in .png")
    if out.is_dir():
        raise SettingError(f"--out is '{out}', which is a folder; give a file's name")
    if out.exists() and Path(image).exists() and out.samefile(image):
        raise SettingError(f"--out is '{out}', the image itself; give another name")


def choose_view(view: str, result: FeatureMap) -> str:
    """Settle what ``auto`` stands for: an image where the filter makes one of pixels."""
    if view not in ("auto", "map", "image"):
        raise SettingError(f"--view is '{view}'; expected auto, map or image")
    if view != "auto":
        return view
    pixels = result.planes.dtype.kind == "u" and result.filter.keeps_brightness
    return "image" if pixels and (result.channels != "sum") else "map"


def write(out: Path, result: FeatureMap, pooled: Pooled | None, *, view: str) -> str:
    """Write the result as a PNG file; gives what there is to say of it."""
    import numpy as np

    from striate import render
    from striate.files.atomic_write import write_atomically

    last = result.map if pooled is None else pooled.map
    if view == "image":
        pixels = np.rint(last)
        np.clip(pixels, 0, 255, out=pixels)
        data = render.png(pixels.astype(np.uint8))
        share = float(((last < 0) | (last > 255)).mean())
        said = f"wrote {out}: an image"
        said += f"; {100 * share:.2g} % of its values lay outside 0 to 255 and were cut" * (
            share > 0
        )
    else:
        name = result.filter.name or f"a filter of {'x'.join(map(str, result.filter.shape))}"
        maps = name_maps("feature map", result.map, result.names)
        if pooled is not None:
            maps |= name_maps(str(pooled.layer), pooled.map, result.names)
        data = render.feature_map(maps, title=name)
        said = f"wrote {out}: the feature map with its scale"
    made = "" if out.parent.exists() else f"made the folder {out.parent}\n"
    with write_atomically(out) as partial:
        partial.write_bytes(data)
    return made + said


def name_maps(what: str, values: np.ndarray, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Split a map into one for each channel, with a name for each."""
    if values.ndim == 2:
        return {what: values}
    return {f"{what}, {name}": values[:, :, place] for place, name in enumerate(names)}
