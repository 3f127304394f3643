"""A classifier from a known network and weights that others have trained."""

from striate.model.importing.classes import ClassList, read_classes
from striate.model.importing.from_model_file import is_model_file
from striate.model.importing.from_zoo import import_classifier, import_with_fit
from striate.model.importing.imported import Imported
from striate.model.importing.preprocess_choice import PreprocessChanges

__all__ = [
    "ClassList",
    "Imported",
    "PreprocessChanges",
    "import_classifier",
    "import_with_fit",
    "is_model_file",
    "read_classes",
]
