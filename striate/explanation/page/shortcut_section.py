"""Where a classifier looks over a whole folder, and the shortcuts that were proven."""

from __future__ import annotations

import numpy as np

from striate.explanation.shortcut_result import ClassFocus, ShortcutReport
from striate.render import data_uri
from striate.render.evidence_plot import mean_map
from striate.render.page import Html, element, image, join, name, paragraph, table, text
from striate.terminal.units import format_percent

MOST = 60  # classes that are shown


def looking(found: ShortcutReport) -> Html:
    """Show the mean map of each class, what lies in the border, and the verdict."""
    verdict = element("p", text(found.words[0][:1].upper() + found.words[0][1:] + "."), kind="lead")
    more = [paragraph(each[:1].upper() + each[1:] + ".") for each in found.words[1:]]
    looks = found.classes[:MOST]
    shown = join(
        image(
            data_uri(mean_map(look.mean_map, marked=_marked(look))),
            alt=f"Where the maps of {look.label} lie on the mean",
            caption=name(look.label),
        )
        for look in looks
    )
    rows = [
        [
            name(look.label),
            text(f"{look.n:,}"),
            text(format_percent(look.border_share)),
            text(f"{look.center_of_mass[0]:.2f}, {look.center_of_mass[1]:.2f}"),
            text(f"{look.map_similarity:.2f}"),
            text(look.shortcut.region.name if look.shortcut else "nothing at the border"),
        ]
        for look in found.classes
    ]
    header = ("class", "images", "in the border", "centre of mass", "alike", "told by")
    left = len(found.classes) - len(looks)
    return join(
        [
            verdict,
            *more,
            paragraph(
                "Each image below is the mean of all maps of a class: dark is where the "
                "classifier looks for it. A map that is the same everywhere has "
                f"{format_percent(found.border_area)} in the border (the outer "
                f"{found.border:.0%}).",
                *([f"{left:,} more classes stand in the table."] if left else []),
            ),
            element("div", shown, kind="gallery"),
            table(
                [text(each) for each in header],
                rows,
                label="Where it looks, class by class",
                numbers=(1, 2, 3, 4),
                tall=len(rows) > 25,
            ),
            paragraph(
                f"The maps are of {found.layer}, over {found.evaluated}. A part is called a "
                "shortcut where the class is no longer told once it is hidden, though hiding as "
                "much elsewhere does no such harm, and where it turns images of other classes "
                "into this one. “Alike” is the mean cosine of two maps of the class.",
                kind="small",
            ),
        ]
    )


def _marked(look: ClassFocus) -> tuple[float, float, float, float] | None:
    """Give the part that a class is told by, as shares, where it is a box."""
    if look.shortcut is None:
        return None
    inside = look.shortcut.region.mask(100, 100)
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    ends = (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)
    top, left, bottom, right = (float(end) / 100 for end in ends)
    return top, left, bottom, right
