from .calibration.promise_fit import fit_promise as fit_promise
from .calibration.promise_result import PromiseFit as PromiseFit
from .classifier_evaluation import evaluate_slices as evaluate_slices
from .conformal import PredictionSets as PredictionSets
from .conformal import prediction_sets as prediction_sets
from .metrics.reliability import Reliability as Reliability
from .metrics.reliability import measure_reliability as measure_reliability
from .slices.slice_scores import Slice as Slice
from .slices.slice_scores import SliceScores as SliceScores

__all__: list[str]
