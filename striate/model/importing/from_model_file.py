"""A classifier from a file that holds a whole model of another framework."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from striate.architecture.notation import expand
from striate.backends.onnx import Trained
from striate.errors import SettingError
from striate.events import Callback, Note
from striate.files.sha256 import compute_sha256
from striate.model.classifier import Classifier
from striate.model.importing.classes import ClassList, read_classes
from striate.model.importing.imported import Imported, wrong_count
from striate.model.importing.keras import open_keras, read_network, usual_preprocess
from striate.model.importing.model_files import check_kind, is_onnx
from striate.model.importing.preprocess_choice import Changes, choose, input_shape
from striate.model.weights import Fit, Pair

LABELS = "labels.txt"  # what Teachable Machine puts beside its model


def import_model_file(
    path: Path,
    *,
    classes: str | Path | Sequence[str] | None,
    preprocess: Changes,
    callback: Callback,
) -> Imported:
    """Make a classifier of a whole model; nothing in the file is run.

    Args:
        path: of a .keras, .h5 or .onnx file.
        classes: their names in the order of the outputs, or a file of them; None takes the
            labels.txt beside the model.
        preprocess: as for `import_classifier`.
        callback: is told what was decided.

    Raises:
        NotationError: the model cannot be written in the notation.
        WeightsError: the file cannot be read, or lacks weights.
        SettingError: classes or preprocessing make no sense.
    """
    notes: list[str] = []
    check_kind(path)
    file = None if is_onnx(path) else open_keras(path)  # first: what is damaged needs no classes
    listed = _classes(path, classes, notes)
    shape = input_shape(preprocess)
    if file is None:  # the library onnx is loaded where it is needed alone
        from striate.model.importing import onnx

        found = onnx.read_onnx_network(path, shape)
    else:
        found = read_network(file, shape)
    plan = expand(found.network)
    if plan.output != (len(listed.names),):
        raise wrong_count(listed, plan.output[0], path.name)
    if file is None:
        usual, reason = onnx.usual_preprocess(found, plan.input, len(listed.names))
    else:
        usual, reason, found = usual_preprocess(file, found, plan.input)
    fitted, why = choose(usual, reason, preprocess)
    pairs = tuple(
        Pair(source, ours, found.weights[ours].shape) for ours, source in found.sources.items()
    )
    fit = Fit(way="by the layers of the file", pairs=pairs)
    notes += [*listed.notes, *fit.notes, *found.notes, why]
    for note in notes:
        callback(Note(note))
    classifier = Classifier(
        network=Trained(plan, found.weights),
        text=str(plan.network),
        classes=listed.names,
        preprocess=fitted,
        training={
            "imported": {
                "weights": path.name,
                "sha256": compute_sha256(path),
                "matched": fit.way,
                "left_out": [],
                "notes": list(notes),
            }
        },
        ids=listed.ids,
    )
    return Imported(classifier, fit, tuple(notes))


def _classes(path: Path, classes: str | Path | Sequence[str] | None, notes: list[str]) -> ClassList:
    if classes is not None:
        return read_classes(classes)
    beside = path.parent / LABELS
    if not beside.is_file():
        raise SettingError(
            f"'{path}' does not say what its classes are called; give --classes: a file with the "
            f"name of each, in the order of the outputs, or put a {LABELS} beside it"
        )
    notes.append(f"the classes are those of '{beside}'")
    return read_classes(beside)
