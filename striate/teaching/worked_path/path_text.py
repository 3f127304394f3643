"""A worked path as text: to be read from top to bottom with a pencil."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from striate.architecture.layer_table.formulas import formulas
from striate.architecture.notation import Leaf
from striate.architecture.words import Flatten, text_of
from striate.errors import join_words
from striate.teaching.convolution.number_text import (
    count_decimals,
    describe_range,
    format_grid,
    format_number,
)
from striate.teaching.worked_path.gradient_sums import (
    GradientSum,
    find_slopes,
    has_few_slopes,
    work_parameter_gradient,
    work_value_gradient,
)
from striate.teaching.worked_path.loss import WorkedLoss
from striate.teaching.worked_path.record import Descent, PathRecord
from striate.teaching.worked_path.step import (
    SHOWN_VALUES,
    WorkedParameter,
    WorkedStep,
    drop_rounding,
    fits,
)
from striate.teaching.worked_path.sums import work_sum
from striate.terminal.tables import Table
from striate.terminal.wrapping import wrap

FEWER = 25  # numbers of a gradient whose sums are written out one by one


def write_path(path: PathRecord, width: int) -> str:
    """Write a whole path, in lines of at most a width."""
    lines = [f"network: {' > '.join(step.word for step in path.steps[1:])}"]
    lines += [f"parameters: {path.origin}", ""]
    image = path.steps[0]
    lines += write_values(f"image: {text_of(image.shape)}", image.values, width, path.channels)
    for step in path.steps[1:]:
        lines += ["", *_write_step(step, width)]
    if path.loss is not None and path.descent is not None:
        lines += ["", *_write_loss(path.loss, width)]
        lines += ["", *_write_way_back(path, width)]
        lines += ["", *_write_descent(path, path.descent, width)]
    else:
        lines += ["", "no label: without one there is no loss, and no way back"]
    return wrap("\n".join(lines), width)


def write_values(
    title: str, values: np.ndarray, width: int, names: tuple[str, ...] = ()
) -> Iterator[str]:
    """Write numbers under a title: every one of small maps and rows, of others the range."""
    if values.ndim == 1:
        values = values[None]
    if not fits(values if values.shape[0] != 1 or values.ndim > 2 else values[0]):
        yield f"{title}, {describe_range(values)}"
        return
    yield title
    values = drop_rounding(values)
    maps = values.reshape(-1, *values.shape[-2:])
    for number, each in enumerate(maps):
        if len(maps) > 1:
            yield f"  {names[number] if number < len(names) else f'channel {number}'}:"
        yield from (f"  {row}" for row in write_grid(each, width - 2))


def write_grid(values: np.ndarray, width: int) -> list[str]:
    """Write a grid in as many decimals as fit a width; a single row goes on in the next line.

    >>> write_grid(np.array([[0.123456, 10.0]]), 12)
    [' 0.12 10.00']
    >>> write_grid(np.array([[-1e-9, 1.0]]), 12)
    ['0 1']
    """
    rows = format_grid(np.round(values, count_decimals(values)) + 0.0)  # + 0.0: no -0
    for places in (4, 3, 2, 1, 0):
        if max(map(len, rows)) <= width:
            return rows
        near = np.round(values, places) + 0.0
        texts = [[f"{value:.{places}f}" for value in row] for row in near.tolist()]
        longest = max(len(text) for row in texts for text in row)
        if len(values) == 1:
            each = max(1, (width + 1) // (longest + 1))
            cells = [text.rjust(longest) for text in texts[0]]
            return [" ".join(cells[at : at + each]) for at in range(0, len(cells), each)]
        rows = [" ".join(text.rjust(longest) for text in row) for row in texts]
    return [f"{text_of(values.shape)}, {describe_range(values)}"]


def _write_step(step: WorkedStep, width: int) -> Iterator[str]:
    layer = step.layer
    if layer is None:
        return
    read = join_words(f"{each} ({text_of(x.shape)})" for each, x in _read(step))
    yield f"{step.address}: {step.word}, from {read} to {text_of(step.shape)}"
    yield from (f"  {line}" for line in write_formulas(step))
    for parameter in step.parameters:
        yield from (
            f"  {line}"
            for line in write_values(
                _headed(parameter), parameter.values, width - 2, parameter.map_names
            )
        )
    yield from (f"  {line}" for line in write_values("values", step.values, width - 2))
    if isinstance(layer.layer, Flatten):
        return
    if step.is_written_out:
        yield from (f"  {work_sum(step, place)}" for place in np.ndindex(*step.shape))
    elif step.values.size > 1:
        yield f"  for example {work_sum(step, largest_place(step.values))}"


def write_formulas(step: WorkedStep) -> Iterator[str]:
    """Write the size that comes out and the work, as formulas with their numbers."""
    if isinstance(step.layer, Leaf):
        found = formulas(step.layer, [None], memory=False)
        if found.output:
            yield f"size: {found.output}"
        if found.macs:
            yield f"work: {found.macs} multiply-accumulates"


def _read(step: WorkedStep) -> Iterator[tuple[str, np.ndarray]]:
    yield from zip(step.sources, step.inputs, strict=True)


def _headed(parameter: WorkedParameter) -> str:
    return f"{parameter.name} {text_of(parameter.values.shape)}"


def largest_place(values: np.ndarray) -> tuple[int, ...]:
    """Return where the number lies that is furthest from 0.

    >>> largest_place(np.array([[1, -3], [2, 0]]))
    (0, 1)
    """
    return tuple(int(n) for n in np.unravel_index(int(np.abs(values).argmax()), values.shape))


def _write_loss(loss: WorkedLoss, width: int) -> Iterator[str]:
    yield f"the loss: {loss.name}, with t 1 for '{loss.label}'"
    shown = range(len(loss.outputs))
    if len(shown) > SHOWN_VALUES:
        shown = np.union1d(np.argsort(-loss.outputs)[:8], loss.target.argmax()).tolist()
    rows = tuple(
        (
            loss.output_names[n],
            *(
                format_number(float(values[n]))
                for values in (loss.scores, loss.outputs, loss.target, loss.score_gradient)
            ),
        )
        for n in shown
    )
    header = ("class", "logit x", "y", "t", "y - t")
    table = Table(header, rows, {*header[1:]}).as_text(width - 2)
    yield from (f"  {line}" for line in table.split("\n"))
    yield f"  L = {loss.calculation} = {format_number(loss.value)}"


def _write_way_back(path: PathRecord, width: int) -> Iterator[str]:
    loss = path.loss
    if loss is None:
        return
    yield "the way back: how fast L grows with each number"
    yield from _write_ending(loss, width)
    scores = path.steps[-2]
    for step in reversed(path.steps[:-1]):
        if step.gradient is None:
            continue
        title = f"dL/d {step.address}"
        if step is scores:
            title += f" = y - t, behind {path.steps[-1].address} and {loss.name}"
        yield from (f"  {line}" for line in write_values(title, step.gradient, width - 2))
        if step is not scores and _may_write(path, step):
            yield f"    for example {work_value_gradient(path, step, largest_place(step.gradient))}"
        yield from (f"  {line}" for line in _write_parameter_gradients(path, step, width - 2))


def _write_ending(loss: WorkedLoss, width: int) -> Iterator[str]:
    """The gradient by y, and the slopes of y by the scores."""
    told = "-t/y" if loss.ending == "softmax" else "-t/y + (1 - t)/(1 - y)"
    if np.isfinite(loss.output_gradient).all():
        yield from (
            f"  {line}" for line in write_values(f"dL/dy = {told}", loss.output_gradient, width - 2)
        )
    if loss.ending == "softmax" and fits(loss.jacobian[None]):
        title = "dy/dx of softmax, its Jacobian: y(1 - y) on the diagonal, else -y_i*y_j"
        yield from (f"  {line}" for line in write_values(title, loss.jacobian[None], width - 2))
    elif loss.ending == "sigmoid" and fits(loss.outputs):
        slopes = np.diag(loss.jacobian)
        yield from (
            f"  {line}" for line in write_values("dy/dx of sigmoid: y(1 - y)", slopes, width - 2)
        )


def _may_write(path: PathRecord, step: WorkedStep) -> bool:
    readers = [each for each in path.steps if step.address in each.sources]
    return step.gradient is not None and all(map(has_few_slopes, readers))


def _write_parameter_gradients(path: PathRecord, step: WorkedStep, width: int) -> Iterator[str]:
    for parameter in step.parameters:
        if parameter.gradient is None:
            continue
        names = parameter.map_names
        yield from write_values(f"dL/d {parameter.name}", parameter.gradient, width, names)
        if not has_few_slopes(step):
            continue
        own = parameter.name.rpartition(".")[2]
        if parameter.gradient.size <= (SHOWN_VALUES if step.values.ndim == 1 else FEWER):
            slopes = find_slopes(step)
            for place in np.ndindex(*parameter.gradient.shape):
                terms = tuple(slopes.of(own, place))
                value = float(parameter.gradient[place])
                told = GradientSum(parameter.name, place, terms, value).calculation
                yield f"  [{', '.join(map(str, place))}] {told} = {format_number(value)}"
        else:
            place = largest_place(parameter.gradient)
            yield f"  for example {work_parameter_gradient(path, parameter.name, place)}"


def _write_descent(path: PathRecord, descent: Descent, width: int) -> Iterator[str]:
    rate = format_number(descent.learning_rate)
    yield f"one step of gradient descent: parameter - {rate} * gradient"
    if descent.raised:
        told = ", ".join(format_number(each) for each in descent.raised)
        yield f"  (a learning rate of {told} would not have lowered the loss)"
    for parameter in path.parameters.values():
        if parameter.after is not None:
            title = f"{_headed(parameter)} becomes"
            lines = write_values(title, parameter.after, width - 2, parameter.map_names)
            yield from (f"  {line}" for line in lines)
    last = path.steps[-1]
    if last.after is not None:
        yield from (
            f"  {line}"
            for line in write_values(f"{last.address} then answers", last.after, width - 2)
        )
    before, after = format_number(descent.before), format_number(descent.after)
    yield f"  the loss of this image: {before} before, {after} after" + describe_step(descent)


def describe_step(descent: Descent) -> str:
    """Say what the step did to the loss, where it did not lower it.

    >>> describe_step(Descent(0.1, True, (), 1.0, 0.9))
    ': lower'
    """
    if descent.lowers:
        return ": lower"
    if descent.after == descent.before:
        return ": no gradient reaches a parameter, so nothing changes"
    return ": higher, the step is too long; a smaller --learning-rate lowers it"
