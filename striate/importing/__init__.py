"""A classifier from a known network and weights that others have trained."""

from striate.importing.classes import ClassList, read_classes
from striate.importing.making import Imported, adopt, import_classifier

__all__ = ["ClassList", "Imported", "adopt", "import_classifier", "read_classes"]
