from .effort import NAMES as NAMES
from .effort import Effort as Effort
from .experiment_result import ComparedNetwork as ComparedNetwork
from .experiment_result import Experiment as Experiment
from .experiment_result import Point as Point
from .experiment_run import experiment as experiment
