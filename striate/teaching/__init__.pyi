from .convolution import FILTERS as FILTERS
from .convolution import FeatureMap as FeatureMap
from .convolution import Filter as Filter
from .convolution import Pooled as Pooled
from .convolution import Term as Term
from .convolution import Unrolled as Unrolled
from .convolution import WorkedValue as WorkedValue
from .convolution import convolve as convolve
from .experiments import ComparedNetwork as ComparedNetwork
from .experiments import Effort as Effort
from .experiments import Experiment as Experiment
from .experiments import Point as Point
from .experiments import experiment as experiment

__all__: list[str]
