"""One filter over one image, with its arithmetic: what a convolution is, in numbers.

`convolve` slides a filter over an image and gives a `FeatureMap`: the values, the calculation of
any one of them (`at`), the same as a product of matrices (`as_matrix`) and as one matrix on the
whole image (`as_convolution_matrix`), pooled (`pool`). `write_loops` writes a layer as loops,
`read_matrices` shows an image as its numbers. `matrices` has the product for whole batches, forward
and backward. Only numpy is needed.
"""

from striate.teaching.convolution.convolution_matrix import (
    MOST_ENTRIES,
    ConvolutionMatrix,
    lay_out_matrix,
)
from striate.teaching.convolution.feature_map import FeatureMap, convolve
from striate.teaching.convolution.image_numbers import ImageNumbers, read_matrices
from striate.teaching.convolution.image_planes import Channels
from striate.teaching.convolution.loops import Loops, write_loops
from striate.teaching.convolution.matrices import (
    compute_input_gradient,
    compute_weight_gradient,
    forward,
)
from striate.teaching.convolution.matrix_product import Unrolled
from striate.teaching.convolution.named_filters import FILTERS, Filter
from striate.teaching.convolution.number_grids import is_grid, parse_image
from striate.teaching.convolution.pooling import Pooled, parse_pool, pool
from striate.teaching.convolution.sliding import Border
from striate.teaching.convolution.worked_value import ChannelTerms, Term, WorkedValue
from striate.teaching.convolution.worked_window import WindowTerm, WorkedWindow, work_window

__all__ = [
    "FILTERS",
    "MOST_ENTRIES",
    "WorkedValue",
    "Border",
    "Channels",
    "ConvolutionMatrix",
    "FeatureMap",
    "Filter",
    "ChannelTerms",
    "ImageNumbers",
    "Loops",
    "Pooled",
    "Term",
    "Unrolled",
    "WindowTerm",
    "WorkedWindow",
    "convolve",
    "forward",
    "compute_input_gradient",
    "compute_weight_gradient",
    "is_grid",
    "lay_out_matrix",
    "parse_image",
    "pool",
    "parse_pool",
    "read_matrices",
    "work_window",
    "write_loops",
]
