"""Arrays as pictures and curves as SVG, ready to stand inside a page.

Drawing only: nothing here computes a result or writes a file. Figures are made without
pyplot, so no global figure and no window is involved, and they look the same whatever
matplotlib settings a machine has.
"""

from __future__ import annotations

import base64
import io
import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.errors import SettingError

Pixels = NDArray[np.uint8]

EXACT = 96
"""Pictures with no side longer than this go into a page pixel by pixel."""

INK, PALE = "#1b1f24", "#8b949e"
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"
"""Three colours of Okabe and Ito's palette, which colour-blind people can tell apart."""

_THEMED = {INK: "--ink", PALE: "--faint", BLUE: "--blue", ORANGE: "--orange", GREEN: "--green"}


@dataclass(frozen=True)
class Curve:
    """One line of a chart.

    Attributes:
        label: stands in the legend.
        values: one a place on the horizontal axis; nan leaves a gap.
        colour: as "#rrggbb".
        dashed: a second mark beside the colour, for whoever sees no colours.
    """

    label: str
    values: Sequence[float]
    colour: str = BLUE
    dashed: bool = False


def png(pixels: Pixels, *, side: int = 0) -> bytes:
    """Give a picture as a PNG file, tiny ones enlarged so that every pixel can be seen.

    Args:
        pixels: uint8 (rows, columns), (rows, columns, 1) or (rows, columns, 3).
        side: the longer side wanted, in pixels. A smaller picture is repeated pixel by pixel
            the whole number of times that comes nearest from below; a larger one is reduced
            to it. 0 leaves it as it is.

    Raises:
        SettingError: the array is no picture.

    >>> picture = np.zeros((8, 8, 1), dtype=np.uint8)
    >>> data = png(picture, side=100)
    >>> data[1:4], int.from_bytes(data[16:20])  # the width: 12 times 8
    (b'PNG', 96)
    """
    from PIL import Image

    picture = Image.fromarray(_flat(pixels))
    longer = max(picture.size)
    if 0 < side < longer:
        picture.thumbnail((side, side), Image.Resampling.BOX)
    elif side >= 2 * longer:
        times = side // longer
        size = (picture.width * times, picture.height * times)
        picture = picture.resize(size, Image.Resampling.NEAREST)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def data_uri(pixels: Pixels, *, side: int = 160) -> str:
    """Give a picture as a text that can stand as the `src` of an image in a page.

    Up to 96 pixels a side it is an exact PNG, enlarged by whole numbers; beyond it is
    reduced to `side` and stored as a JPEG of quality 90, a fifth of the size.

    >>> data_uri(np.zeros((8, 8), dtype=np.uint8))[:22]
    'data:image/png;base64,'
    """
    from PIL import Image

    flat = _flat(pixels)
    if max(flat.shape[:2]) <= EXACT:
        kind, data = "png", png(flat, side=max(side, *flat.shape[:2]))
    else:
        picture = Image.fromarray(flat)
        picture.thumbnail((side, side), Image.Resampling.BOX)
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=90, subsampling=0, optimize=True)
        kind, data = "jpeg", out.getvalue()
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _flat(pixels: Pixels) -> Pixels:
    if pixels.dtype != np.uint8 or 0 in pixels.shape:
        raise SettingError(
            f"pixels of type {pixels.dtype} and shape {pixels.shape}; expected uint8, "
            "(rows, columns, 1 or 3)"
        )
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise SettingError(
            f"pixels of shape {pixels.shape}; expected (rows, columns, 1 or 3); a network's "
            "(channels, rows, columns) has its axes moved by numpy.moveaxis(pixels, 0, -1)"
        )
    return np.ascontiguousarray(pixels)


def curves(
    lines: Sequence[Curve],
    *,
    title: str,
    across: str,
    marked: int | None = None,
    as_percent: bool = False,
    description: str = "",
) -> str:
    """Draw lines over counted steps, as an SVG text.

    Written for a width of 360 points, so that it is read without enlarging on a phone; its
    text stays text, and its colours follow the page's `--ink`, `--faint`, `--blue`,
    `--orange` and `--green` where the page defines them. matplotlib's settings are changed
    while it draws and put back, so draw from one thread at a time.

    Args:
        lines: one or more, each with a value a step, steps counted from 1.
        title: what is drawn, in a few words.
        across: what the horizontal axis counts, such as "epoch".
        marked: the step to mark as the best one.
        as_percent: whether the values are shares, 0 to 1, to be labelled in per cent; other
            values that are not negative are drawn from 0 up.
        description: what the drawing shows, for whoever cannot see it.

    >>> svg = curves([Curve("loss", [2.0, 1.0, 0.5])], title="Loss", across="epoch", marked=3)
    >>> svg.startswith("<svg"), svg.endswith("</svg>")
    (True, True)
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_LOOK)
        figure = Figure(figsize=(5.0, 3.4), layout="constrained")
        axes = figure.add_subplot()
        axes.set_title(title, loc="left", fontsize=12, fontweight="bold", pad=20)
        axes.set_xlabel(across)
        axes.grid(axis="y", color=PALE, alpha=0.35, linewidth=0.6)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(length=0)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        if as_percent:
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
        if marked is not None:
            axes.axvline(marked, color=PALE, linewidth=1.2, linestyle=(0, (1, 2)))
            above = axes.get_xaxis_transform()
            axes.text(marked, 1.02, "best", transform=above, ha="center", fontsize=10)
        for line in lines:
            steps = range(1, len(line.values) + 1)
            finite = [value if math.isfinite(value) else math.nan for value in line.values]
            axes.plot(
                steps,
                finite,
                label=line.label,
                color=line.colour,
                linewidth=2,
                linestyle=(0, (4, 2)) if line.dashed else "-",
                marker="o" if len(finite) <= 15 else None,
                markersize=4,
            )
            if marked is not None and 1 <= marked <= len(finite):
                axes.plot(marked, finite[marked - 1], "o", color=line.colour, markersize=8)
        longest = max((len(line.values) for line in lines), default=1)
        axes.set_xlim(0.7, max(longest, 1) + 0.3)
        if longest <= 6:
            axes.set_xticks(range(1, max(longest, 1) + 1))
        if not as_percent and min((v for line in lines for v in line.values), default=0) >= 0:
            axes.set_ylim(bottom=0)
        if as_percent and longest == 1:
            axes.set_ylim(0, 1.02)
        elif as_percent and max((v for line in lines for v in line.values), default=0) > 0.8:
            axes.set_ylim(top=1.02)
        if len(lines) > 1:
            axes.legend(frameon=False, loc="best")
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return _for_page(out.getvalue(), title=title, description=description)


_LOOK: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "striate",
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": PALE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def _for_page(svg: str, *, title: str, description: str) -> str:
    """Cut an SVG file down to its element, named for readers, coloured by the page."""
    body = svg[svg.index("<svg") :].strip()
    head = re.match(r"<svg\b[^>]*>", body)
    box = re.search(r'viewBox="([^"]+)"', body)
    if head is None or box is None:
        raise AssertionError("matplotlib wrote an SVG without a head or a viewBox")
    # The style element would colour the whole page, the metadata are of no use in it.
    body = re.sub(r"<(metadata|style)\b.*?</\1>", "", body[head.end() :], flags=re.DOTALL)
    # No id may stand twice in a page with two drawings: drop those that nothing refers to,
    # and mark the others with the drawing's own checksum.
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', body))
    mark = f"{zlib.crc32(body.encode()):08x}"
    body = re.sub(
        r' id="([^"]+)"', lambda found: f' id="{found[1]}-{mark}"' * (found[1] in used), body
    )
    body = re.sub(r'(url\(#|href="#)([^)"]+)', rf"\1\2-{mark}", body)
    for colour, name in _THEMED.items():
        body = body.replace(colour, f"var({name}, {colour})")
    body = re.sub(r"font-family: [^;\"]*", "font-family: system-ui, sans-serif", body)
    label = escape(f"{title}. {description}".strip(), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box[1]}" role="img" aria-label="{label}">{body}'
    )
