from . import architecture as architecture
from . import errors as errors
from . import evaluation as evaluation
from . import explanation as explanation
from . import teaching as teaching
from .architecture.layer_table import summary as summary
from .architecture.notation import parse as parse
from .backends.codegen import to_code as to_code
from .backends.fx import from_torch as from_torch
from .backends.profiler import profile as profile
from .backends.torch import build as build
from .data.images import Preprocess as Preprocess
from .errors import StriateError as StriateError
from .evaluation.classifier_evaluation import evaluate as evaluate
from .evaluation.comparison import compare as compare
from .evaluation.metrics import Evaluation as Evaluation
from .explanation.attribution_methods import explain as explain
from .model import weights as weights
from .model.classifier import Classifier as Classifier
from .model.importing import import_classifier as import_classifier
from .model.loading import load as load
from .model.prediction import Prediction as Prediction
from .model.prediction import Unreadable as Unreadable
from .settings import Settings as Settings
from .studio_app.opening import studio as studio
from .teaching.convolution import convolve as convolve
from .training.estimation import estimate as estimate
from .training.result import TrainingResult as TrainingResult
from .training.runs import resume as resume
from .training.runs import train as train

__all__: list[str]
__version__: str
