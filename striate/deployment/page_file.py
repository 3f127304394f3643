"""What a page that `export --to page` wrote carries: the sealed file and the engine, taken out."""

from __future__ import annotations

import base64
import gzip
import re
from pathlib import Path

from striate.deployment.web_runtime import WebRuntime
from striate.errors import ClassifierError

ENDINGS = (".html", ".htm")


def read_page(path: Path) -> tuple[bytes, WebRuntime]:
    """Return the sealed file's bytes and onnxruntime-web, as they stand in a page.

    Raises:
        ClassifierError: it cannot be read, or is no such page.

    >>> read_page(Path("nowhere.html"))
    Traceback (most recent call last):
    striate.errors.ClassifierError: 'nowhere.html' cannot be opened: No such file or directory; ...
    """
    expected = "expected a page that `striate export --to page` wrote"
    try:
        text = path.read_text("utf-8")
        version = re.search(r"ONNX Runtime (\S+), which this page carries", text)
        model, program, code = (_held(text, name) for name in ("model", "program", "machine-code"))
        runtime = WebRuntime(version[1] if version else "", program, gzip.decompress(code))
    except OSError as error:
        raise ClassifierError(
            f"'{path}' cannot be opened: {error.strerror or error}; {expected}"
        ) from error
    except (ValueError, EOFError) as error:
        raise ClassifierError(f"'{path}' holds no classifier ({error}); {expected}") from error
    return model, runtime


def _held(text: str, name: str) -> bytes:
    """Return what a script element of the page holds."""
    start = re.search(rf'<script type="text/plain" id="{name}"[^>]*>', text)
    if start is None:
        raise ValueError(f"it has no part '{name}'")
    content = text[start.end() : text.find("</script>", start.end())]
    return base64.b64decode(content.strip(), validate=True)
