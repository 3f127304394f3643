"""Dropout: in training, some numbers are left out at random, or all of an image."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.output_size import Shape, text_of
from striate.architecture.aspects.program_call import (
    Argument,
    ProgramCall,
    channels_last,
)
from striate.architecture.aspects.torch_reading import Refused
from striate.architecture.aspects.word import BackwardNeeds, Kind, Layer, Leaf, TorchRules
from striate.errors import NotationError, SettingError

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.aspects.numpy_pass import Array, Result, Visit
    from striate.architecture.aspects.worked_sum import WorkedSum


DROP_PATH: Final = '''
class DropPath(nn.Module):
    """In training, leave out all of an image with a probability, and scale the others up."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.rate == 0:
            return x
        kept = x.new_empty((len(x), *[1] * (x.ndim - 1))).bernoulli_(1 - self.rate)
        return x * kept.div_(1 - self.rate)
'''


@dataclass(frozen=True)
class Dropout(Layer):
    """In training, zero each number with probability ``rate`` and scale the rest up.

    Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html
    """

    word = "dropout"
    arguments = {"rate": Kind.DECIMAL}
    bare = ("rate",)
    example = "dropout 0.5"
    aliases = ("drop",)
    draws = True
    elementwise = True

    rate: float

    @classmethod
    def check(cls, name: str, value: object) -> None:
        """Refuse a rate of 1, which would leave nothing."""
        if isinstance(value, (int, float)) and not 0 <= value < 1:
            raise NotationError(
                f"{cls.word} got {text_of(value)}, but its rate must be at least 0 and below 1, "
                f"as in {cls.word} 0.5"
            )

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return which numbers were dropped."""
        return BackwardNeeds(values=math.prod(leaf.output) if self.rate else 0)

    def hands_on(self, *, training: bool) -> bool:
        """Return True in evaluation, and where nothing is ever dropped."""
        return not training or self.rate == 0

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return Dropout."""
        from torch import nn

        return nn.Dropout(self.rate)

    def onnx_nodes(self, leaf: Leaf, x: str, graph: OnnxGraph) -> str:
        """Add nothing: the graph is that of evaluation."""
        return x

    def numpy_pass(self, x: Array, visit: Visit) -> Result:
        """Let only some numbers through, and scale them up so that the mean stays.

        y = x * kept / (1 - rate): kept is 1 with probability 1 - rate, so y is x on average and
        nothing needs to be scaled when the network is used. What was dropped gets no gradient.
        Srivastava et al. 2014, section 10, https://jmlr.org/papers/v15/srivastava14a.html

        >>> import numpy as np
        >>> from striate.architecture.aspects.numpy_pass import Visit
        >>> visit = Visit(training=True, mask=np.array([[1.0, 0.0, 1.0]]))
        >>> Dropout(0.5).numpy_pass(np.array([[1.0, 2.0, 3.0]]), visit)[0]
        array([[2., 0., 6.]])
        """
        if not visit.training:
            return x, lambda dy: {"x": dy}
        kept, shape = visit.mask, self.mask_shape(x.shape)
        if kept is None:
            kept = (visit.random.random(shape) >= self.rate).astype(float)
        elif kept.shape != shape:
            raise SettingError(
                f"the mask of {visit.address} has shape {kept.shape}; expected {shape}, "
                "1 where a number is kept and 0 where it is dropped"
            )
        scale = kept / (1 - self.rate)
        return x * scale, lambda dy: {"x": dy * scale}

    def mask_shape(self, shape: Shape) -> Shape:
        """Return the shape of what says which numbers are kept: that of x, the batch included."""
        return shape

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return nn.Dropout."""
        rate = (Argument(self.rate, role="rate"),)
        return [ProgramCall("nn.Dropout", rate, leaf.address, leaf.output, pointwise=True)]

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return layers.Dropout."""
        rate = (Argument(self.rate, role="rate"),)
        return [ProgramCall("layers.Dropout", rate, output=channels_last(leaf.output))]

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of Dropout and Dropout2d."""
        from torch import nn

        from striate.architecture.aspects.worked_sum import as_it_is

        return {nn.Dropout: as_it_is, nn.Dropout2d: as_it_is}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return Dropout, and F.dropout called in evaluation."""
        from torch import nn
        from torch.nn import functional

        def read(
            shape: Shape, p: float = 0.5, training: bool = True, inplace: bool = False
        ) -> Dropout:
            if training:
                raise Refused("it drops in evaluation too; pass training=self.training")
            if p >= 1:
                raise Refused(f"a dropout of {p} leaves nothing")
            return cls(float(p))

        def module_of(shape: Shape, module: Any) -> Dropout:
            return read(shape, module.p, training=False)

        return TorchRules({nn.Dropout: module_of}, {functional.dropout: read})


@dataclass(frozen=True)
class DropPath(Dropout):
    """In training, zero all of an image with probability ``rate`` and scale the others up.

    At the end of a branch of ``add`` it leaves the branch out: stochastic depth. Huang et al. 2016,
    https://arxiv.org/abs/1603.09382
    """

    word = "droppath"
    aliases = ("stochasticdepth",)

    def backward_needs(self, leaf: Leaf, *, gradient: bool) -> BackwardNeeds:
        """Return which images were dropped."""
        return BackwardNeeds(values=1 if self.rate else 0)

    def torch_module(self, shape: Shape) -> nn.Module:
        """Return DropPath."""
        from striate.architecture.aspects import torch_modules

        return torch_modules.DropPath(self.rate)

    def mask_shape(self, shape: Shape) -> Shape:
        """Return one number an image."""
        return (shape[0], *[1] * (len(shape) - 1))

    def torch_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return a module of the program's own."""
        rate, own = (Argument(self.rate, role="rate"),), DROP_PATH
        call = ProgramCall(
            "DropPath", rate, leaf.address, leaf.output, pointwise=True, definition=own
        )
        return [call]

    def keras_code(self, leaf: Leaf) -> list[ProgramCall]:
        """Return layers.Dropout of whole images."""
        shape = (None, *[1] * len(leaf.output))
        arguments = (Argument(self.rate, role="rate"), Argument(shape, "noise_shape"))
        return [ProgramCall("layers.Dropout", arguments, output=channels_last(leaf.output))]

    @classmethod
    def worked_sums(cls) -> Mapping[type[nn.Module], WorkedSum]:
        """Return the worked sum of DropPath."""
        from striate.architecture.aspects import torch_modules
        from striate.architecture.aspects.worked_sum import as_it_is

        return {torch_modules.DropPath: as_it_is}

    @classmethod
    def torch_rules(cls) -> TorchRules:
        """Return DropPath."""
        from striate.architecture.aspects import torch_modules

        def read(shape: Shape, module: Any) -> DropPath:
            return cls(module.rate)

        return TorchRules({torch_modules.DropPath: read})
