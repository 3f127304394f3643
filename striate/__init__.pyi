from . import reference as reference
from .anatomy import Anatomy as Anatomy
from .anatomy import describe as describe
from .classifier import Classifier as Classifier
from .classifier import Prediction as Prediction
from .classifier import Unreadable as Unreadable
from .classifier import load as load
from .comparison import Comparison as Comparison
from .comparison import compare as compare
from .convolution import FILTERS as FILTERS
from .convolution import FeatureMap as FeatureMap
from .convolution import Filter as Filter
from .convolution import convolve as convolve
from .errors import ClassifierError as ClassifierError
from .errors import DataError as DataError
from .errors import NotationError as NotationError
from .errors import PictureError as PictureError
from .errors import RunError as RunError
from .errors import SettingError as SettingError
from .errors import StriateError as StriateError
from .errors import TrainingError as TrainingError
from .errors import WeightsError as WeightsError
from .evaluation import evaluate as evaluate
from .experiments import Effort as Effort
from .experiments import Experiment as Experiment
from .experiments import experiment as experiment
from .metrics import Evaluation as Evaluation
from .network import build as build
from .notation import Network as Network
from .notation import parse as parse
from .pictures import Preprocess as Preprocess
from .runs import resume as resume
from .runs import train as train
from .settings import Settings as Settings

__all__: list[str]
__version__: str
