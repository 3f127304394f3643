"""Jinja templates and what they can do with a value.

Every page is made of templates (`*.html` beside the code that fills them), which escape whatever
they are given; markup made in Python, drawings above all, says so by being a `markupsafe.Markup`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING

from striate.render.image_files import data_uri
from striate.render.reading import explain_words, keep_numbers_whole
from striate.terminal.escape import escape_controls
from striate.terminal.units import format_duration, format_percent

if TYPE_CHECKING:
    from jinja2 import Environment

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# behind a separator, but not inside a number: 90.2, -5, 1e-05, 2026-11-30
_SEPARATORS = re.compile(r"(?<=[_/\\])(?=\w)|(?<=[.-])(?=[^\W\d])|(?<=[^\W\d][.-])(?<!\de-)(?=\d)")


def fill(template: str, view: object) -> str:
    """Fill one template, which knows what it is given as `view`.

    Control characters and halves of characters (a file name may hold bytes that are no UTF-8)
    become visible instead of breaking the page.

    Args:
        template: its path, from the package's folder on.
        view: whatever the template shows.
    """
    filled = _environment().get_template(template).render(view=view)
    whole = filled.encode("utf-8", "backslashreplace").decode("utf-8")
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", whole)


LOADING = "striate-templates"  # the thread's name


def load_templates_ahead(*folders: str, without: Collection[str] = ()) -> None:
    """Load the templates below some folders in the background, so that filling them is quicker.

    Args:
        folders: of the package, such as "render/".
        without: names, without folder and ending, of those that are seldom filled.
    """

    def load() -> None:
        environment = _environment()
        for name in environment.list_templates(["html"]):
            if name.startswith(folders) and PurePath(name).stem not in without:
                environment.get_template(name)

    threading.Thread(target=load, name=LOADING, daemon=True).start()


def wait_for_templates() -> None:
    """Wait until they are loaded, where what takes milliseconds is to be timed.

    Python runs in one thread at a time and changes over after 5 ms, so beside one that computes
    in Python the 40 operations of a small step, each of which lets others run, take 200 ms.
    """
    for thread in threading.enumerate():
        if thread.name == LOADING:
            thread.join()


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        autoescape=True,
        loader=PackageLoader("striate", ""),
        lstrip_blocks=True,
        trim_blocks=True,
        # no type checker reads templates, so a name that is not there must fail here
        undefined=StrictUndefined,
    )
    made.filters |= {
        "breakable": _SEPARATORS.split,
        "commas": "{:,}".format,
        "data_uri": data_uri,
        "explain_words": explain_words,
        "number": number,
        "percent": lambda share: prose(format_percent(share)),
        "prose": prose,
        "visible": escape_controls,
        "sentence": lambda words: prose(words[:1].upper() + words[1:] + "."),
        "duration": format_duration,
    }
    return made


def prose(words: str) -> str:
    r"""Write the numbers of a text as pages do, also where it is an attribute's value.

    >>> prose("98.3 % right") == "98.3\N{NO-BREAK SPACE}% right"
    True
    """
    return keep_numbers_whole(words)


def number(value: float) -> str:
    """Write a number in three digits, or whole from 100 on, with a real minus sign.

    >>> number(-0.04567), number(12345.0), number(0.0), number(3.0)
    ('−0.0457', '12,345', '0', '3')
    """
    size = abs(value)
    told = f"{value:,.0f}" if 100 <= size < 1e7 else f"{value:.3g}"
    return told.replace("-", "−", 1) if value else "0"
