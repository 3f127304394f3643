"""A classifier from a known network and weights that others have trained."""

from striate.model.importing.classes import ClassList, read_classes
from striate.model.importing.from_zoo import Imported, adopt, import_classifier

__all__ = ["ClassList", "Imported", "adopt", "import_classifier", "read_classes"]
