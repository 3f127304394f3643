"""One filter over one image, with its arithmetic: what a convolution is, in numbers.

`convolve` slides a filter over an image and gives a `FeatureMap`: the values, the calculation of
any one of them (`at`), the same as a product of matrices (`as_matrix`), pooled (`pool`).
`matrices` has the product for whole batches, forward and backward. Only numpy is needed.
"""

from striate.teaching.convolution.as_matrix import Unrolled
from striate.teaching.convolution.image_planes import Channels
from striate.teaching.convolution.matrices import forward, gradient_of_input, gradient_of_weights
from striate.teaching.convolution.named_filters import FILTERS, Filter
from striate.teaching.convolution.number_grids import image_of, is_grid
from striate.teaching.convolution.pooling import Pooled, pool, pool_of
from striate.teaching.convolution.result import FeatureMap, convolve
from striate.teaching.convolution.sliding import Border
from striate.teaching.convolution.worked_values import Arithmetic, Part, Term

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
    "image_of",
    "pool",
    "pool_of",
]
