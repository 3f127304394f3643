"""Work an image through a network: forward, the loss, back, one step of learning."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from striate.architecture import zoo
from striate.architecture.aspects.numpy_pass import Array, ByName
from striate.architecture.layer_table.wiring import wire
from striate.architecture.notation import ExpandedNetwork, Leaf, Network, expand, parse, source
from striate.architecture.words import LeakyRelu, Relu, Sigmoid, Softmax, text_of
from striate.backends import numpy as reference
from striate.backends.numpy import Gradient, Passed
from striate.errors import SettingError
from striate.teaching.convolution.feature_map import FeatureMap
from striate.teaching.convolution.image_planes import name_planes, read_image
from striate.teaching.worked_path.loss import Ending, WorkedLoss, measure_loss, work_loss
from striate.teaching.worked_path.path import WorkedPath
from striate.teaching.worked_path.record import Descent
from striate.teaching.worked_path.starting_parameters import draw_parameters, take_parameters
from striate.teaching.worked_path.step import IMAGE, SHOWN_SIDE, WorkedParameter, WorkedStep

FIRST_RATE: Final = 0.1  # the learning rate that is tried first where none is given
RATES: Final = 7  # that are tried, each a tenth of the one before
MOST_CLASSES: Final = 10_000


def work_through(
    image: ArrayLike | str | FeatureMap,
    network: str | Network,
    *,
    parameters: Mapping[str, ArrayLike] | None = None,
    seed: int = 0,
    classes: Sequence[str] = (),
    label: str | None = None,
    learning_rate: float | None = None,
) -> WorkedPath:
    """Work an image through a network, with every value of every step, forward and backward.

    Everything is computed by the NumPy passes of `striate.backends.numpy`, in float64 and in
    evaluation mode. With a label, the loss is the cross-entropy behind a last softmax or sigmoid
    (a softmax is added where there is neither), its gradient goes back to the image, and one step
    of gradient descent is taken.

    Args:
        image: numbers of shape (rows, columns), or (rows, columns, channels); a text grid; or the
            `FeatureMap` of a filter, which the network then goes on from: the filter is its
            ``conv1``, and learns too.
        network: what follows, in the notation, without its input; "" behind a filter for nothing.
        parameters: by address, as ``fc1.weight``; where left out they are drawn, as small whole
            numbers for images of up to 12x12, else as training starts.
        seed: of what is drawn.
        classes: their names, in the order of the outputs; numbers from 0 where left out.
        label: the true class, by name or number; without it there is no loss and no way back.
        learning_rate: of the step; where left out 0.1, or the first tenth of it that lowers the
            loss.

    Returns:
        The `WorkedPath`: ``steps``, ``loss``, ``descent``, and ``at(address, ...)`` for one value.

    Raises:
        NotationError: the network breaks a rule or does not fit the image.
        SettingError: parameters, classes, label or learning rate do not fit the network.
        ImageError: the image is no array of numbers.

    >>> path = work_through("1 0 2", "flatten > fc 2 > softmax", classes=("a", "b"), label="a")
    >>> path.at("fc1", 0).calculation, path.output.round(3).tolist()
    ('1*1 + 0*0 + 2*0 + (-1)', [0.953, 0.047])
    >>> path.loss.score_gradient.round(3).tolist(), path.descent.lowers
    ([-0.047, 0.047], True)
    """
    values, names, begun, fixed = _begin(image)
    tree = _join(begun, network, values.shape)
    if len(classes) > MOST_CLASSES or len(set(classes)) < len(classes):
        raise SettingError(
            f"the classes are {', '.join(classes)[:60]}; expected names that all differ, such as "
            "cat,dog"
        )
    plan = _end(tree, values.shape, classes=classes, label=label)
    if parameters is None:
        by_hand = max(values.shape[1:]) <= SHOWN_SIDE
        used, origin = draw_parameters(plan, seed=seed, by_hand=by_hand, fixed=fixed)
    else:
        used, origin = take_parameters(plan, parameters, fixed=fixed), "given"
    if fixed and len(used) > len(fixed):
        origin += "; conv1 is the filter"
    with np.errstate(over="ignore", invalid="ignore"):
        passed = _forward(plan, used, values)
    if label is None:
        if learning_rate is not None:
            raise SettingError("a learning rate is given but no label; name the true class")
        steps = _make_steps(plan, values, passed, used)
        return WorkedPath(plan, names, steps, origin, tuple(classes))
    return _work_back(
        plan, values, used, passed, _Asked(names, origin, classes, label, learning_rate)
    )


def begin_with(word: str, network: str | Network) -> Network:
    """Return a network with a word before it, as ``maxpool 2``.

    >>> print(begin_with("maxpool 2", "flatten > fc 2"), begin_with("maxpool 2", ""), sep="; ")
    maxpool 2
    flatten > fc 2; maxpool 2
    """
    if isinstance(network, str) and not network.strip():
        return parse(word)
    return _before(parse(word), _parse(network))


@dataclasses.dataclass(frozen=True)
class _Asked:
    """What the way back needs beside the numbers."""

    names: tuple[str, ...]
    origin: str
    classes: Sequence[str]
    label: str
    learning_rate: float | None


def _begin(image: ArrayLike | str | FeatureMap) -> tuple[Array, tuple[str, ...], str, ByName]:
    """Return the image (channels, rows, columns), its channels' names, first words and numbers."""
    if not isinstance(image, FeatureMap):
        planes = np.moveaxis(read_image(image), 2, 0).astype(np.float64)
        return planes, name_planes("sum", len(planes)), "", {}
    words: list[object] = [image.layer]
    if image.slope is not None:
        words.append(LeakyRelu(image.slope) if image.slope else Relu())
    shape = image.layer.tensors(image.shape)["weight"]  # (maps, channels of each, rows, columns)
    weights = image.filter.weights
    spread = weights if shape[1] == len(weights) or len(weights) == 1 else weights[:, None]
    fixed = {"conv1.weight": np.broadcast_to(spread, shape).copy()}
    if image.layer.bias:
        fixed["conv1.bias"] = np.full(shape[0], image.filter.bias)
    planes = np.asarray(image.planes, dtype=np.float64)
    return planes, image.names, " > ".join(map(str, words)), fixed


def _parse(network: str | Network) -> Network:
    return parse(source(network)) if isinstance(network, str) else network


def _before(first: Network, then: Network) -> Network:
    """Put the words of one network before those of another, which has the blocks."""
    return dataclasses.replace(then, flow=(*first.flow, *then.flow), remarks=(), source="")


def _join(begun: str, network: str | Network, shape: tuple[int, ...]) -> Network:
    if begun and isinstance(network, str) and not network.strip():
        return parse(begun)
    tree = _parse(network)
    if isinstance(network, str) and zoo.is_name(network):
        tree = dataclasses.replace(tree, input=None)  # that of a known network is a usual one
    if tree.input is not None and tree.input != shape:
        raise SettingError(
            f"the network says input {text_of(tree.input)}, but the image is {text_of(shape)}; "
            "leave the input out"
        )
    tree = dataclasses.replace(tree, input=None) if begun else tree
    return _before(parse(begun), tree) if begun else tree


def _end(
    tree: Network, shape: tuple[int, ...], *, classes: Sequence[str], label: str | None
) -> ExpandedNetwork:
    """Work the network out; with a label, see to it that probabilities come out of it."""
    plan = expand(tree, input=shape, classes=len(classes) or None)
    if label is None:
        if classes and plan.output not in ((len(classes),), (1,)):
            raise SettingError(_misfit(plan, classes))
        return plan
    if len(plan.output) != 1:
        raise SettingError(
            f"the network ends with {text_of(plan.output)}, but a label needs one number a class; "
            "end it with 'flatten > fc 2 > softmax'"
        )
    last = wire(plan)[-1].step
    if isinstance(last.layer, Softmax | Sigmoid) and last is not plan.steps[-1]:
        raise SettingError(
            f"'{last.address}' ends the network inside of a block; put the {last.layer} behind it"
        )
    if not isinstance(last.layer, Softmax | Sigmoid):
        flow = (*tree.flow, *parse("softmax").flow)
        tree = dataclasses.replace(tree, flow=flow, remarks=(), source="")
        plan = expand(tree, input=shape, classes=len(classes) or None)
    if plan.output == (1,) and not isinstance(last.layer, Sigmoid):
        raise SettingError(
            "one number comes out, of which softmax always makes 1; end the network with "
            "'fc 1 > sigmoid', or with 'fc 2 > softmax'"
        )
    if classes and len(classes) != (2 if plan.output == (1,) else plan.output[0]):
        raise SettingError(_misfit(plan, classes))
    return plan


def _misfit(plan: ExpandedNetwork, classes: Sequence[str]) -> str:
    told = ", ".join(classes[:6]) + (", ..." if len(classes) > 6 else "")
    return (
        f"the network ends with {text_of(plan.output)}, but there are {len(classes)} classes, "
        f"{told}; expected an output for each, as from 'fc {len(classes)} > softmax'"
    )


def _forward(plan: ExpandedNetwork, used: ByName, values: Array) -> Passed:
    passed = reference.forward(plan, used, values[None])
    for address, found in passed.values.items():
        if not np.isfinite(found).all():
            raise SettingError(
                f"'{address}' grows beyond the largest number there is, 1.8e308; "
                "scale the image or the parameters down"
            )
    return passed


def _work_back(
    plan: ExpandedNetwork, values: Array, used: ByName, passed: Passed, asked: _Asked
) -> WorkedPath:
    """Take the loss back through the network, and one step down."""
    last = plan.steps[-1]
    softmax = isinstance(last, Leaf) and isinstance(last.layer, Softmax)
    ending: Ending = "softmax" if softmax else "sigmoid"
    # without the last word: the gradient by the scores is y - t, which needs no division by y
    inner = dataclasses.replace(plan, steps=plan.steps[:-1])
    short = reference.forward(inner, used, values[None])
    names = tuple(asked.classes) or tuple(map(str, range(max(2, plan.output[0]))))
    loss = work_loss(short.output[0], ending, classes=names, label=asked.label)
    gradient = reference.backward(short, loss.score_gradient[None])
    descent, after = _descend(inner, values, used, gradient, loss, asked.learning_rate)
    steps = _make_steps(plan, values, passed, used, gradient=gradient, after=after, loss=loss)
    return WorkedPath(plan, asked.names, steps, asked.origin, names, loss, descent)


def _descend(
    inner: ExpandedNetwork,
    values: Array,
    used: ByName,
    gradient: Gradient,
    loss: WorkedLoss,
    learning_rate: float | None,
) -> tuple[Descent, ByName]:
    """Take one step of gradient descent; without a rate, the first that lowers the loss."""
    if learning_rate is not None and not (math.isfinite(learning_rate) and learning_rate > 0):
        raise SettingError(f"the learning rate is {learning_rate}; expected a number above 0")
    rates = [FIRST_RATE / 10**n for n in range(RATES)] if learning_rate is None else [learning_rate]
    outcomes: list[tuple[float, float, ByName]] = []
    for rate in rates:
        moved = {
            name: found - rate * gradient.parameters[name] if name in gradient.parameters else found
            for name, found in used.items()
        }
        with np.errstate(over="ignore", invalid="ignore"):
            scores = reference.forward(inner, moved, values[None]).output[0]
            loss_after, _ = measure_loss(scores, loss.target, loss.ending)
        outcomes.append((rate, loss_after, moved))
        if loss_after < loss.value:
            break
    if not outcomes[-1][1] < loss.value:
        outcomes = outcomes[:1]  # no rate lowers it: the first one is shown
    rate, loss_after, moved = outcomes[-1]
    raised = tuple(tried for tried, _, _ in outcomes[:-1])
    return Descent(rate, learning_rate is None, raised, loss.value, loss_after), moved


def _make_steps(
    plan: ExpandedNetwork,
    values: Array,
    passed: Passed,
    used: ByName,
    *,
    gradient: Gradient | None = None,
    after: ByName | None = None,
    loss: WorkedLoss | None = None,
) -> tuple[WorkedStep, ...]:
    """Lay out what was computed, a step for each layer."""
    nodes = wire(plan)
    later: ByName = {}
    if after is not None:
        later = reference.forward(plan, after, values[None]).values
    slopes: ByName = {} if gradient is None else dict(gradient.values)
    if loss is not None:
        slopes[nodes[-1].step.address] = loss.output_gradient[None]
    learnt: ByName = {} if gradient is None else gradient.parameters
    image = WorkedStep(
        IMAGE, None, (), (), values, gradient=None if gradient is None else gradient.input[0]
    )
    steps = [image]
    for node in nodes:
        address = node.step.address
        read = [steps[place + 1] for place in node.sources]
        own = (
            [f"{address}.{name}" for name in node.step.layer.tensors(node.step.input)]
            if isinstance(node.step, Leaf)
            else []
        )
        steps.append(
            WorkedStep(
                address=address,
                layer=node.step,
                sources=tuple(each.address for each in read),
                inputs=tuple(each.values for each in read),
                values=passed.values[address][0],
                parameters=tuple(
                    WorkedParameter(
                        name,
                        used[name],
                        learnt.get(name),
                        after[name] if after is not None and name in learnt else None,
                    )
                    for name in own
                ),
                gradient=slopes[address][0] if address in slopes else None,
                after=later[address][0] if address in later else None,
            )
        )
    return tuple(steps)
