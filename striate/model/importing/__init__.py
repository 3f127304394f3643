"""A classifier from a known network and weights that others have trained."""

from striate.model.importing.classes import ClassList, read_classes
from striate.model.importing.from_zoo import (
    Imported,
    PreprocessChanges,
    import_classifier,
    import_with_fit,
)

__all__ = [
    "ClassList",
    "Imported",
    "PreprocessChanges",
    "import_classifier",
    "import_with_fit",
    "read_classes",
]
