"""What every word gives: its result, and the way back from it.

A word is one function. It computes y from x, and beside y it returns the function that takes a
gradient back through it. That inner function still sees everything the word has computed, so
forward and backward stand together and nothing needs to be passed on by hand.

Names, in every file of this package:

- ``x`` is what goes in, ``y`` what comes out, ``L`` the loss at the very end of the network.
- ``dy`` is the gradient of L by y: how fast L grows as each number of y grows. It has y's shape.
- ``dx`` is the same for x, and every way back is the chain rule, which finds dx from dy:

      dx[i] = sum over j of dy[j] * (how fast y[j] grows as x[i] grows)

Rumelhart, Hinton and Williams 1986, Learning representations by back-propagating errors,
https://doi.org/10.1038/323533a0

>>> def double(x: Array) -> Result:
...     return 2 * x, lambda dy: {"x": 2 * dy}
>>> y, back = double(np.array([1.0, 5.0]))
>>> y, back(np.ones(2))["x"]
(array([ 2., 10.]), array([2., 2.]))
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ByName = dict[str, Array]  # by name of what went in: "x", "weight", "bias"
Back = Callable[[Array], ByName]  # dy -> the gradients of everything that went in
Result = tuple[Array, Back]  # y, and the way back from it
