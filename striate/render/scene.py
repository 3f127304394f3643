"""One moment of a calculation: a grid on the left, the arithmetic, the grid it makes on the right.

What slides, pools or passes through a layer is told in such scenes; an animation is a row of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from striate.render.image_files import Pixels
from striate.render.palette import GREEN, INK, PALE
from striate.render.sheet import LINED, Box, Sheet, size_that_fits, width_of

WIDTH, HEIGHT = 984, 474  # pixels
SIDE = 300  # pixels of each of the three parts
LEFT, MIDDLE, RIGHT, TOP = 24, 342, 660, 84  # where they begin
LARGEST_CELL, LARGEST_PART = 44, 100  # pixels of a cell: of the arithmetic, of a part
GAP = 8  # pixels between what stands side by side or below each other
TITLED, LINE = 18, 24.0  # pixels of a title above a grid of the arithmetic, of a line of words
EMPTY = "#f3f4f6"  # of what is not there yet
DARK = 140  # brightness, of 255, below which white is read more easily than black
MARK = GREEN
SMALLEST_MARK = 12  # pixels of a frame on a large image, so that it is found

Cells = tuple[int, int, int, int]  # top, left, bottom, right in cells; the last two not included


@dataclass(frozen=True, eq=False)
class Grid:
    """Numbers as coloured cells, or an image.

    Attributes:
        title: what it is.
        size: rows and columns.
        colours: uint8 (rows, columns, 3), of this size, or reduced where there are very many.
        texts: rows of the numbers, which are written where they can be read; () for none.
        known: how many cells, row by row, are there; the rest is empty. None for all.
        faint: (top, bottom, left, right): so many rows and columns are padding.
        marks: cells with a thick frame.
        outline: cells with a thin frame around them all.
    """

    title: str
    size: tuple[int, int]
    colours: Pixels = field(repr=False)
    texts: Sequence[Sequence[str]] = ()
    known: int | None = None
    faint: tuple[int, int, int, int] = (0, 0, 0, 0)
    marks: Sequence[Cells] = ()
    outline: Cells | None = None


Item = Grid | str


@dataclass(frozen=True, eq=False)
class Scene:
    """One moment.

    Attributes:
        title: of the whole.
        before: the grid that numbers are taken from.
        arithmetic: rows of what stands between: grids, and words such as a sign or a sum.
        after: the grid that is made of them; None where there is none.
        captions: at most two lines below.
        progress: how much of the whole is behind, 0 to 1.
    """

    title: str
    before: Grid
    arithmetic: Sequence[Sequence[Item]]
    after: Grid | None
    captions: Sequence[str]
    progress: float


def draw_scene(scene: Scene) -> Pixels:
    """Draw a scene: uint8 (474, 984, 3).

    >>> grid = Grid("image", (1, 2), np.zeros((1, 2, 3), np.uint8), [["1", "2"]])
    >>> draw_scene(Scene("two", grid, [["1 + 2 = 3"]], None, ["a sum"], 0.5)).shape
    (474, 984, 3)
    """
    sheet = Sheet(WIDTH, HEIGHT)
    sheet.write(LEFT, 18, scene.title, size=20, bold=True)
    _draw_part(sheet, scene.before, LEFT)
    _draw_arithmetic(sheet, scene.arithmetic)
    if scene.after is not None:
        _draw_part(sheet, scene.after, RIGHT)
    for place, line in enumerate(scene.captions):
        room = WIDTH - 2 * LEFT
        size = size_that_fits([line], room) or 11
        sheet.write(LEFT, TOP + SIDE + 22 + 24 * place, line, size=size)
    bottom = HEIGHT - 10
    sheet.paint((LEFT, bottom - 6, WIDTH - LEFT, bottom), EMPTY)
    sheet.paint((LEFT, bottom - 6, LEFT + (WIDTH - 2 * LEFT) * scene.progress, bottom), MARK)
    return sheet.pixels


def reduce_colours(colours: Pixels, side: int = SIDE) -> Pixels:
    """Bring colours of more than so many rows or columns down to it, once for all scenes.

    >>> reduce_colours(np.zeros((600, 300, 3), np.uint8)).shape
    (300, 150, 3)
    """
    from PIL import Image

    if max(colours.shape[:2]) <= side:
        return colours
    small = Image.fromarray(np.ascontiguousarray(colours))
    small.thumbnail((side, side), Image.Resampling.BOX)
    return np.array(small)


def empty_color() -> tuple[int, int, int]:
    """Return the colour of what is not there yet.

    >>> empty_color()
    (243, 244, 246)
    """
    red, green, blue = (int(EMPTY[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def cell_side(size: tuple[int, int], room: int = SIDE) -> float:
    """Return how many pixels a cell has: whole ones where it has one at least.

    >>> cell_side((7, 7)), cell_side((600, 300))
    (42, 0.5)
    """
    side = room / max(size)
    return side if side < 1 else int(side)


def _draw_part(sheet: Sheet, grid: Grid, left: int) -> None:
    """Draw a grid as one of the three parts, its title above it."""
    cell = min(cell_side(grid.size), LARGEST_PART)
    height, width = (round(cell * count) for count in grid.size)
    left, top = left + (SIDE - width) // 2, TOP + (SIDE - height) // 2
    sheet.write(left + width / 2, top - 32, grid.title, anchor="ma")
    draw_grid(sheet, grid, left, top, cell)


def draw_grid(sheet: Sheet, grid: Grid, left: int, top: int, cell: float) -> None:
    """Draw a grid with its upper left corner there, in cells of so many pixels."""
    rows, columns = grid.size
    whole = (left, top, left + round(cell * columns), top + round(cell * rows))
    sheet.place(left, top, _enlarged(grid, whole[2] - left, whole[3] - top))
    if cell >= LINED:
        sheet.line_cells(whole, int(cell))
    _write_numbers(sheet, grid, left, top, cell)
    if grid.outline is not None and len(grid.marks) > 1:
        sheet.frame(_box(grid.outline, left, top, cell), MARK, width=2)
    thick = 4 if len(grid.marks) < 2 else 3
    for mark in grid.marks:
        box = _box(mark, left, top, cell)
        if len(grid.marks) > 1 and cell >= 3 * LINED:  # within the cell, as neighbours have theirs
            box = (box[0] + thick, box[1] + thick, box[2] - thick + 1, box[3] - thick + 1)
            sheet.frame(box, MARK, width=thick, halo=False)
        else:
            sheet.frame(box, MARK, width=thick)


def _enlarged(grid: Grid, width: int, height: int) -> Pixels:
    """Give the colours of a grid in its size on the sheet, what is not there yet empty."""
    from PIL import Image

    own = grid.colours
    finer = own.shape[0] > height or own.shape[1] > width
    way = Image.Resampling.BOX if finer else Image.Resampling.NEAREST
    drawn = np.array(Image.fromarray(own).resize((width, height), way))
    if grid.known is not None:
        rows, columns = grid.size
        place = np.arange(height) * rows // height * columns
        number = place[:, None] + (np.arange(width) * columns // width)[None]
        drawn[number >= grid.known] = empty_color()
    return drawn


def _write_numbers(sheet: Sheet, grid: Grid, left: int, top: int, cell: float) -> None:
    """Write the numbers into the cells, where the longest can be read."""
    flat = [text for row in grid.texts for text in row]
    size = size_that_fits(flat, cell - 4, largest=16) if cell < LARGEST_CELL else 16
    size = size and size_that_fits(flat, cell - 4, largest=size)
    if not flat or not size:
        return
    rows, columns = grid.size
    dark = (grid.colours @ np.array([0.299, 0.587, 0.114])) < DARK
    up, down, west, east = grid.faint
    for place, text in enumerate(flat[: grid.known]):
        row, column = divmod(place, columns)
        inside = up <= row < rows - down and west <= column < columns - east
        color = ("white" if dark[row, column] else INK) if inside else PALE
        x, y = left + (column + 0.5) * cell, top + (row + 0.5) * cell
        sheet.write(x, y, text, size=size, color=color, anchor="mm")


def _box(cells: Cells, left: int, top: int, cell: float) -> Box:
    """Return the pixels of some cells, so many at least that they can be found."""
    first, west, last, east = cells
    box = (left + west * cell, top + first * cell, left + east * cell, top + last * cell)
    wide, high = (max(0.0, SMALLEST_MARK - side) / 2 for side in (box[2] - box[0], box[3] - box[1]))
    return box[0] - wide, box[1] - high, box[2] + wide, box[3] + high


def _draw_arithmetic(sheet: Sheet, rows: Sequence[Sequence[Item]]) -> None:
    """Draw what stands between the two grids, its cells as large as there is room for."""
    cell = next(
        (side for side in range(LARGEST_CELL, 1, -1) if _fits(rows, side)),
        1,
    )
    heights = [_height(row, cell) for row in rows]
    y = TOP + (SIDE - sum(heights) - GAP * (len(rows) - 1)) / 2
    for row, height in zip(rows, heights, strict=True):
        x = MIDDLE + (SIDE - _width(row, cell)) / 2
        titled = TITLED * any(isinstance(item, Grid) and item.title for item in row)
        for item in row:
            if isinstance(item, Grid):
                high, wide = (cell * side for side in item.size)
                top = y + (height - high - titled) / 2 + titled
                draw_grid(sheet, item, round(x), round(top), cell)
                sheet.write(x + wide / 2, top - TITLED + 1, item.title, size=13, anchor="ma")
                x += wide + GAP
            else:
                size = size_that_fits([item], SIDE, largest=17) or 11
                sheet.write(x, y + (height + titled) / 2, item, size=size, anchor="lm")
                x += width_of(item, size) + GAP
        y += height + GAP


def _fits(rows: Sequence[Sequence[Item]], cell: int) -> bool:
    high = sum(_height(row, cell) for row in rows) + GAP * (len(rows) - 1)
    return high <= SIDE and all(_width(row, cell) <= SIDE for row in rows)


def _width(row: Sequence[Item], cell: int) -> float:
    return GAP * (len(row) - 1) + sum(
        cell * item.size[1]
        if isinstance(item, Grid)
        else width_of(item, size_that_fits([item], SIDE, largest=17) or 11)
        for item in row
    )


def _height(row: Sequence[Item], cell: int) -> float:
    titled = TITLED * any(isinstance(item, Grid) and item.title for item in row)
    return titled + max(
        float(cell * item.size[0]) if isinstance(item, Grid) else LINE for item in row
    )
