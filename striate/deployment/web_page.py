"""One HTML file that classifies pictures where it is opened: from a disk, a server, on a phone.

It carries the sealed graph, ONNX Runtime for browsers and its golden pictures, asks no server for
anything, and shows whether its answers are those of the file.
"""

from __future__ import annotations

import base64
import gzip
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from markupsafe import Markup

from striate import __version__
from striate.deployment.web_runtime import WebRuntime
from striate.model.json_value import JsonObject
from striate.render.template import fill

LICENCE = """\
MIT License

Copyright (c) Microsoft Corporation

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""
"""Of ONNX Runtime, which stands in every page that carries it."""


@dataclass(frozen=True)
class PageContent:
    """What stands on the page.

    Attributes:
        title: its heading.
        lead: sentences below it.
        facts: (name, value) of what is known of the classifier.
        model: the sealed file.
        runtime: what answers.
        about: what the script needs to know: see `page/main.js`.
    """

    title: str
    lead: Sequence[str]
    facts: Sequence[tuple[str, str]]
    model: bytes
    runtime: WebRuntime
    about: JsonObject


def make_page(content: PageContent) -> str:
    """Return the page as HTML.

    >>> tiny = WebRuntime("1.30.0", b"export {};", b"wasm")
    >>> html = make_page(PageContent("a or b?", [], [], b"onnx", tiny, {"classes": ["</script>"]}))
    >>> html.startswith("<!doctype html>"), html.count("</script>")
    (True, 6)
    """
    return fill("deployment/page/page.html", _View(content))


class _View:
    """What the template asks for."""

    licence = LICENCE
    version = __version__

    def __init__(self, content: PageContent) -> None:
        self.title, self.lead, self.facts = content.title, content.lead, content.facts
        self.runtime = content.runtime
        self.program = _packed(content.runtime.program)
        self.machine_code = _packed(gzip.compress(content.runtime.machine_code, mtime=0))
        self.model = _packed(content.model)
        words = files("striate").joinpath("deployment/page/words.toml").read_text("utf-8")
        about = {**content.about, "words": tomllib.loads(words)}
        # a script element ends at the first "</script", wherever it stands
        self.about_json = Markup(json.dumps(about).replace("<", "\\u003c"))


def _packed(data: bytes) -> Markup:
    return Markup(base64.b64encode(data).decode("ascii"))
