"""An exported file opened for prediction; ONNX Runtime reads it while all else is loaded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from striate.architecture.aspects.onnx_runtime import onnx_runtime
from striate.deployment.sealed_file import holds_document, measure_digest, read_sealed
from striate.deployment.sealed_runtimes import open_onnx_runtime
from striate.errors import ClassifierError, EngineError

if TYPE_CHECKING:
    from striate.deployment.sealed_classifier import SealedClassifier
    from striate.events import Callback


def open_sealed(
    path: str | Path, *, always: bool = False, callback: Callback | None = None
) -> SealedClassifier:
    """Open a file that `export` wrote, for prediction in ONNX Runtime.

    Args:
        path: of the file.
        always: whether it names a class where the file says "I don't know".
        callback: is told where another runtime goes on with a long folder.

    Raises:
        ClassifierError: it is missing, damaged, or takes batches.
        EngineError: ONNX Runtime cannot be loaded, or does not take it.

    >>> open_sealed("nowhere.onnx")
    Traceback (most recent call last):
    striate.errors.ClassifierError: 'nowhere.onnx' cannot be opened: No such file or directory; ...
    """
    path = Path(path)
    with ThreadPoolExecutor(1, "striate-open") as pool:
        opening = None
        if holds_document(path):
            with suppress(ImportError):  # which the thread says again
                onnx_runtime()  # its import would keep all others waiting; its reading does not
            opening = pool.submit(open_onnx_runtime, str(path))
        from striate.deployment.sealed_classifier import SealedClassifier

        sealed = read_sealed(path)
        if sealed.form != "image":
            raise ClassifierError(
                f"'{path}' takes batches of images of the network's size; give the file beside "
                "it, which takes any image"
            )
        if opening is None or measure_digest(path) != sealed.digest:
            raise ClassifierError(
                f"'{path}' is damaged: the graph is not the one that was written (its SHA-256 "
                "differs); copy it anew from where it was made, or export the classifier again"
            )
        try:
            return SealedClassifier(sealed, opening.result(), always, callback)
        except EngineError as error:
            raise EngineError(f"'{path}' cannot be used: {error}") from error
