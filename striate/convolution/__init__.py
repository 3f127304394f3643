"""One filter over one picture, with its arithmetic: what a convolution is, in numbers.

`convolve` slides a filter over a picture and gives a `FeatureMap`: the values, the calculation of
any one of them (`at`), the same as a product of matrices (`as_matrix`), pooled (`pool`).
`matrices` has the product for whole batches, forward and backward. Only numpy is needed.
"""

from striate.convolution.arithmetic import Arithmetic, Part, Term
from striate.convolution.feature_map import FeatureMap, convolve
from striate.convolution.filters import FILTERS, Filter
from striate.convolution.grids import is_grid, picture_of
from striate.convolution.matrices import forward, gradient_of_input, gradient_of_weights
from striate.convolution.planes import Channels
from striate.convolution.pooling import Pooled, pool, pool_of
from striate.convolution.sliding import Border
from striate.convolution.unrolled import Unrolled

__all__ = [
    "FILTERS",
    "Arithmetic",
    "Border",
    "Channels",
    "FeatureMap",
    "Filter",
    "Part",
    "Pooled",
    "Term",
    "Unrolled",
    "convolve",
    "forward",
    "gradient_of_input",
    "gradient_of_weights",
    "is_grid",
    "picture_of",
    "pool",
    "pool_of",
]
