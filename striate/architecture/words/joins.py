"""The words that join branches: cat, add and mul."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from striate.architecture.aspects.joint import JoinRules, Joint
from striate.architecture.aspects.onnx_graph import OnnxGraph
from striate.architecture.aspects.output_size import Shape, text_of
from striate.architecture.aspects.program_call import Applied
from striate.architecture.aspects.torch_reading import Arriving, Refused, check_options
from striate.errors import NotationError

if TYPE_CHECKING:
    import torch

    from striate.architecture.aspects.numpy_pass import Array, Joined
    from striate.architecture.aspects.worked_sum import AtWork, Place, Terms


@dataclass(frozen=True)
class Cat(Joint):
    """Put the channels of the branches one after the other: ``cat(a | b)``.

    >>> Cat().output([(64, 28, 28), (32, 28, 28)])
    (96, 28, 28)
    >>> Cat().output([(64, 28, 28), (32, 14, 14)])
    Traceback (most recent call last):
    striate.errors.NotationError: cat needs branches of the same rows and columns, but branch 1 ...
    """

    word = "cat"
    aliases = ("concat", "concatenate")
    accumulates = True

    def output(self, shapes: Sequence[Shape]) -> Shape:
        """Return the channels summed; rows and columns must agree."""
        for number, shape in enumerate(shapes[1:], start=2):
            if len(shape) != len(shapes[0]) or shape[1:] != shapes[0][1:]:
                raise NotationError(
                    f"cat needs branches of the same rows and columns, but branch 1 gives "
                    f"{text_of(shapes[0])} and branch {number} gives {text_of(shape)}; "
                    "give them the same strides, and pad the one that loses its border"
                )
        return (sum(shape[0] for shape in shapes), *shapes[0][1:])

    def output_formula(self, shapes: Sequence[Shape]) -> str:
        """Return the sum of the channels."""
        channels = [shape[0] for shape in shapes]
        return f"{' + '.join(map(str, channels))} = {sum(channels):,} channels"

    def torch_forward(self, branches: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return (batch, channels, ...), joined along the channels."""
        import torch

        return torch.cat(tuple(branches), dim=1)

    def onnx_nodes(self, branches: Sequence[str], address: str, graph: OnnxGraph) -> str:
        """Add a Concat."""
        return graph.node("Concat", branches, address, {"axis": 1})

    def numpy_pass(self, branches: Sequence[Array]) -> Joined:
        """Put the channels one after the other; the way back cuts them apart again.

        >>> import numpy as np
        >>> y, back = Cat().numpy_pass([np.array([[1.0]]), np.array([[2.0, 3.0]])])
        >>> y, back(np.array([[10.0, 20.0, 30.0]]))
        (array([[1., 2., 3.]]), [array([[10.]]), array([[20., 30.]])])
        """
        import numpy as np

        ends = np.cumsum([x.shape[1] for x in branches])
        return np.concatenate(branches, axis=1), lambda dy: np.split(dy, ends[:-1], axis=1)

    def torch_code(self, branches: Sequence[str]) -> Applied:
        """Return torch.cat."""
        return Applied("torch.cat", [f"[{', '.join(branches)}]", "dim=1"])

    def keras_code(self, branches: Sequence[str]) -> Applied:
        """Return layers.concatenate."""
        return Applied("layers.concatenate", [f"[{', '.join(branches)}]"])

    def worked_sum(self, call: AtWork, place: Place) -> Terms:
        """Return the one number that it is, of one of the branches."""
        from striate.architecture.aspects.worked_sum import number_at, single_term

        left, row, column = place
        for source, each in enumerate(call.inputs):
            if left < each.shape[1]:
                value = number_at(each, (left, row, column))
                return single_term((left, row, column), value, source=source, result=value)
            left -= each.shape[1]
        raise AssertionError("the unit is within the channels of the branches")

    @classmethod
    def torch_rules(cls) -> JoinRules:
        """Return torch.cat and its other names, over the channels."""
        import torch

        does = "joins a list of tensors"

        def operands(args: Sequence[object], options: Mapping[str, object]) -> tuple[object, ...]:
            check_options(options, ("tensors", "dim", "axis"))
            given = dict(zip(("tensors", "dim"), args, strict=False)) | dict(options)
            parts, axis = given.get("tensors"), given.get("dim", given.get("axis", 0))
            if not isinstance(parts, tuple | list) or not isinstance(parts[0], Arriving):
                raise Refused(f"cat {does}")
            if not isinstance(axis, int) or axis % (len(parts[0].shape) + 1) != 1:
                raise Refused(f"cat joins channels, dim=1, but here it is dim={axis}")
            return tuple(parts)

        return JoinRules({torch.cat, torch.concat, torch.concatenate}, does, operands)


@dataclass(frozen=True)
class Add(Joint):
    """Sum the branches number by number: ``add(a | identity)``.

    He et al. 2015, https://arxiv.org/abs/1512.03385

    >>> Add().output([(64, 28, 28), (64, 28, 28)])
    (64, 28, 28)
    """

    word = "add"
    aliases = ("residual",)
    nests = True

    def output(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of every branch; they must agree."""
        for number, shape in enumerate(shapes[1:], start=2):
            if shape != shapes[0]:
                raise NotationError(
                    f"add needs branches of one shape, but branch 1 gives {text_of(shapes[0])} "
                    f"and branch {number} gives {text_of(shape)}; " + _mend(shapes[0], shape)
                )
        return shapes[0]

    def torch_forward(self, branches: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the sum of tensors of one shape."""
        total, *others = branches
        for other in others:
            total = total + other
        return total

    def onnx_nodes(self, branches: Sequence[str], address: str, graph: OnnxGraph) -> str:
        """Add an Add for each branch but the first."""
        total = branches[0]
        for number, other in enumerate(branches[1:], start=2):
            last = number == len(branches)
            total = graph.node("Add", [total, other], address if last else f"{address}.{number}")
        return total

    def numpy_pass(self, branches: Sequence[Array]) -> Joined:
        """Sum the branches; each of them grows y as fast as it grows, so each gets all of dy.

        This is why gradients reach the first layers of a residual network: beside every path lies
        an ``identity`` that passes them on unchanged. He et al. 2016, equation 5,
        https://arxiv.org/abs/1603.05027

        >>> import numpy as np
        >>> y, back = Add().numpy_pass([np.array([[1.0]]), np.array([[2.0]])])
        >>> y, back(np.array([[10.0]]))
        (array([[3.]]), [array([[10.]]), array([[10.]])])
        """
        import numpy as np

        return np.sum(branches, axis=0), lambda dy: [dy] * len(branches)

    def torch_code(self, branches: Sequence[str]) -> Applied:
        """Return the sum."""
        return Applied("", branches, operator="+")

    def keras_code(self, branches: Sequence[str]) -> Applied:
        """Return the sum."""
        return Applied("", branches, operator="+")

    def worked_sum(self, call: AtWork, place: Place) -> Terms:
        """Return a number of each branch."""
        import math

        import numpy as np

        from striate.architecture.aspects.worked_sum import Terms, number_at

        values = np.array([number_at(each, place) for each in call.inputs])
        count = len(values)
        unit, row, column = (np.full(count, at) for at in place)
        return Terms(
            source=np.arange(count),
            unit=unit,
            row=row,
            column=column,
            value=values,
            weight=np.ones(count),
            result=math.fsum(values),
        )

    @classmethod
    def torch_rules(cls) -> JoinRules:
        """Return +, += and torch.add."""
        import operator

        import torch

        def operands(args: Sequence[object], options: Mapping[str, object]) -> tuple[object, ...]:
            check_options(options, ("other", "alpha"))
            if options.get("alpha", 1) != 1:
                raise Refused("alpha has no word")
            terms = (*args, *(value for name, value in options.items() if name == "other"))
            # sum() of a list starts with 0
            return tuple(term for term in terms if type(term) is not int or term != 0)

        targets = {operator.add, operator.iadd, torch.add, "add", "add_"}
        return JoinRules(targets, "sums tensors", operands)


@dataclass(frozen=True)
class Mul(Joint):
    """Multiply the branches number by number; one number a channel scales the whole channel.

    ``mul(identity | gap > conv 1x1 in/4 > relu > conv 1x1 in*4 > sigmoid)`` is squeeze and
    excitation: Hu et al. 2017, https://arxiv.org/abs/1709.01507

    >>> Mul().output([(64, 28, 28), (64, 1, 1)])
    (64, 28, 28)
    """

    word = "mul"
    aliases = ("multiply", "gate", "product")
    nests = True
    gates = True

    def output(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the branches, those of one place aside; they must agree."""
        whole = max(shapes, key=lambda shape: (len(shape), *shape[1:]))
        for number, shape in enumerate(shapes, start=1):
            scales = len(shape) == len(whole) and shape[0] == whole[0] and set(shape[1:]) <= {1}
            if shape != whole and not scales:
                raise NotationError(
                    f"mul needs branches of one shape, or of one place and as many channels, but "
                    f"here are {text_of(whole)} and {text_of(shape)} (branch {number}); "
                    f"give it {whole[0]} channels, for instance by conv 1x1 {whole[0]}"
                )
        return whole

    def torch_forward(self, branches: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the product; one place is laid over the whole map."""
        product, *others = branches
        for other in others:
            product = product * other
        return product

    def onnx_nodes(self, branches: Sequence[str], address: str, graph: OnnxGraph) -> str:
        """Add a Mul for each branch but the first."""
        product = branches[0]
        for number, other in enumerate(branches[1:], start=2):
            last = number == len(branches)
            named = address if last else f"{address}.{number}"
            product = graph.node("Mul", [product, other], named)
        return product

    def numpy_pass(self, branches: Sequence[Array]) -> Joined:
        """Multiply the branches; each gets dy times the others.

        A branch of one place was used at every place of the map, so it gets the sum over them.

        >>> import numpy as np
        >>> y, back = Mul().numpy_pass([np.array([[[[2.0, 3.0]]]]), np.array([[[[10.0]]]])])
        >>> y, back(np.ones_like(y))[1]
        (array([[[[20., 30.]]]]), array([[[[5.]]]]))
        """
        import numpy as np

        def product(parts: Sequence[Array]) -> Array:
            whole = np.ones((1,) * branches[0].ndim)
            for part in parts:
                whole = whole * part
            return whole

        def back(dy: Array) -> list[Array]:
            found = []
            for number, own in enumerate(branches):
                dx = dy * product([*branches[:number], *branches[number + 1 :]])
                spread = tuple(axis for axis in range(dx.ndim) if own.shape[axis] < dx.shape[axis])
                found.append(dx.sum(axis=spread, keepdims=True) if spread else dx)
            return found

        return product(branches), back

    def torch_code(self, branches: Sequence[str]) -> Applied:
        """Return the product."""
        return Applied("", branches, operator="*")

    def keras_code(self, branches: Sequence[str]) -> Applied:
        """Return the product."""
        return Applied("", branches, operator="*")

    def worked_sum(self, call: AtWork, place: Place) -> Terms:
        """Return the number of the largest branch, the others as what it is multiplied by."""
        from striate.architecture.aspects.worked_sum import number_at, single_term

        inputs = call.inputs
        source = max(range(len(inputs)), key=lambda number: inputs[number].numel())
        factors = [
            number_at(each, place if each.ndim == 2 or each[0, 0].numel() > 1 else (place[0], 0, 0))
            for each in inputs
        ]
        value, factor = factors.pop(source), math.prod(factors)
        facts = {"factor": factor}
        return single_term(place, value, factor, result=value * factor, source=source, facts=facts)

    @classmethod
    def torch_rules(cls) -> JoinRules:
        """Return *, *= and torch.mul."""
        import operator

        import torch

        def operands(args: Sequence[object], options: Mapping[str, object]) -> tuple[object, ...]:
            check_options(options, ("other",))
            return (*args, *options.values())

        targets = {operator.mul, operator.imul, torch.mul, torch.multiply, "mul", "mul_"}
        return JoinRules(targets, "multiplies tensors", operands)


def _mend(first: Shape, other: Shape) -> str:
    if len(first) == len(other) == 3 and first[1:] == other[1:]:
        return f"give both {first[0]} channels, for instance by conv 1x1 {first[0]}"
    if len(first) == len(other) == 3 and first[0] == other[0]:
        return "give both the same strides and padding"
    return f"make both {text_of(first)}, for instance by conv 1x1 with a stride"
