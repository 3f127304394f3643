from .classes import ClassList as ClassList
from .classes import read_classes as read_classes
from .from_zoo import import_classifier as import_classifier
from .from_zoo import import_with_fit as import_with_fit
from .imported import Imported as Imported
from .model_files import check_whole as check_whole
from .model_files import is_model_file as is_model_file
from .preprocess_choice import PreprocessChanges as PreprocessChanges
