"""The training loop: a generator that yields what happens, and a state that can be put down.

`train` is the loop, on one page: forward, loss, backward, step. Its callers decide what to show,
what to write and when to stop. What a step does depends on the seed, the epoch, the step and
the images alone, so a run that was interrupted ends with the weights of one that was not.

Where several processes work together, each step is of the same images as with one. Every
process takes a share of them, and Fabric averages the gradients. Only batch normalisation sees
the difference: each process normalises by its own share, and the first one's averages are kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from striate.backends.adamw import AdamW
from striate.backends.precision import Precision
from striate.backends.torch import BATCH_NORMS, convolution_products, eval_mode, normalize
from striate.data.augmentation import augment
from striate.data.images import Preprocess
from striate.errors import TrainingError
from striate.events import Epoch, Progress
from striate.training.distributed.single_process import AnyFabric
from striate.training.early_stopping import is_out_of_patience
from striate.training.one_cycle import Clock, Cycle
from striate.training.recipe import Recipe
from striate.training.sampling import draw_epoch
from striate.training.state import State
from striate.training.subset import Subset


def optimizer_for(module: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """Make AdamW with decay on weights only, not on biases and normalisation.

    What has no multiplier of the learning rate in the recipe is frozen from here on.

    Source: Loshchilov and Hutter 2017, https://arxiv.org/abs/1711.05101.
    """
    multipliers = dict(recipe.lr_multipliers)
    groups: dict[tuple[float, float], dict[str, Any]] = {}
    for name, parameter in module.named_parameters():
        share = multipliers.get(name.partition(".")[0], 0.0) if multipliers else 1.0
        parameter.requires_grad_(parameter.requires_grad and share > 0)
        if parameter.requires_grad:
            decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
            group = {"params": [], "weight_decay": decay, "share": share}
            groups.setdefault((share, decay), group)["params"].append(parameter)
    learnt = [parameter for group in groups.values() for parameter in group["params"]]
    fused = all(parameter.device.type in ("cpu", "cuda") for parameter in learnt)
    return AdamW(groups.values(), lr=recipe.learning_rate, fused=fused)


def train(
    state: State,
    part: Subset,
    val: Subset,
    *,
    preprocess: Preprocess,
    recipe: Recipe,
    cycle: Cycle,
    fabric: AnyFabric,
) -> Iterator[Progress | Epoch]:
    """Train until the cycle is over, yielding progress after each step and a record an epoch.

    The state can be written between any two yields, and a run goes on from it.

    Args:
        state: where the run stands; it is changed in place.
        part: the training images.
        val: the validation images, which choose the best state.
        preprocess: whose mean and std scale the images.
        recipe: how the weights are learnt.
        cycle: the learning rate and the end.
        fabric: the device and the precision.

    Raises:
        TrainingError: the loss is not a number any more.
    """
    lay_out(state, recipe.precision)
    model, optimizer = fabric.setup(state.module, state.optimizer)
    weights = None if recipe.step_weight is None else torch.tensor(recipe.step_weight)
    criterion = nn.CrossEntropyLoss(weights, label_smoothing=recipe.label_smoothing)
    criterion.to(fabric.device)
    steps = max(1, len(part.indices) // recipe.batch_size)
    clock = Clock(
        state,
        cycle,
        steps=steps,
        training=len(part.indices),
        validation=len(val.indices),
        agree=fabric.broadcast,
    )

    while state.step or not clock.over():  # an epoch that was begun is always closed
        if state.step == 0 and is_out_of_patience(state, recipe, cycle):
            return
        epoch = state.epoch + 1
        order, numbers = draw_epoch(part, recipe, epoch)
        state.module.train()
        freeze_bn(state.module, recipe)
        rate = cycle.rate(clock.fraction())
        groups = np.array_split(order, steps)[state.step :]
        changes = np.array_split(numbers, steps)[state.step :]
        own = part.batches([own_share(group, fabric) for group in groups])
        for whole, drawn, (chosen, pixels, labels) in zip(groups, changes, own, strict=True):
            rate = cycle.rate(clock.fraction())
            for group in optimizer.param_groups:
                group["lr"] = rate * group["share"]
            pixels, labels = pixels.to(fabric.device), labels.to(fabric.device)
            change = torch.from_numpy(own_share(drawn, fabric)).to(fabric.device)
            changed = augment(pixels, recipe.augmentation, change)
            values = normalize(changed, preprocess)
            values = values.contiguous(memory_format=recipe.precision.memory_format)
            drawing = seeded(recipe.seed, epoch, state.step, fabric=fabric)
            with drawing, convolution_products(state.module):
                logits = model(values)
            loss = criterion(logits.float(), labels)
            if fabric.world_size > 1:  # so that the mean over the processes is the step's loss
                loss = loss * weight_of(part.labels[chosen], part.labels[whole], recipe, fabric)
            fabric.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
            told = (logits.argmax(1) == labels).sum().item()
            mean, right = added(fabric, loss.item() / fabric.world_size, told)
            state.step += 1
            state.count += len(whole)
            state.loss_sum += check(mean, epoch, rate) * len(whole)
            state.right += int(right)
            yield clock.progress()
            if clock.over():
                break

        mean_loss, accuracy = state.loss_sum / state.count, state.right / state.count
        state.epoch, state.step, state.loss_sum, state.right, state.count = epoch, 0, 0.0, 0, 0
        # fine-tuning is compared with the head alone, so both are evaluated as they will be used
        with nullcontext() if recipe.lr_multipliers else fabric.autocast():
            val_loss, val_accuracy = validate_together(
                state.module, val, preprocess=preprocess, recipe=recipe, fabric=fabric
            )
        check(val_loss, epoch, rate, "validation loss")
        yield Epoch(
            epoch=epoch,
            epochs=cycle.first + cycle.epochs if cycle.epochs else 0,
            train_loss=mean_loss,
            train_accuracy=accuracy,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            learning_rate=rate,
            best=state.keep_if_best(val_accuracy, val_loss),
            threads=torch.get_num_threads(),
            **clock.epoch(),
        )


def freeze_bn(module: nn.Module, recipe: Recipe) -> None:
    """Let batch normalisation use the means and variances that it has, where they are to stay.

    That is everywhere where the recipe freezes them, and always in what is not trained.
    """
    trained = {name for name, _ in recipe.lr_multipliers}
    for name, part in module.named_modules():
        if isinstance(part, BATCH_NORMS):
            held = bool(trained) and name.partition(".")[0] not in trained
            if recipe.freeze_bn or held:
                part.eval()


def lay_out(state: State, precision: Precision) -> None:
    """Put the weights into the memory layout of a precision, and the optimizer's moments too.

    The optimizer walks through both in the order of memory, so their layouts must be the same.
    """
    state.module.to(memory_format=precision.memory_format)  # type: ignore[call-overload]
    for parameter, slots in state.optimizer.state.items():
        for name, value in slots.items():
            if value.shape == parameter.shape:
                slots[name] = torch.empty_like(parameter).copy_(value)


def check(loss: float, epoch: int, rate: float, name: str = "loss") -> float:
    """Give the loss back where it is a number.

    >>> check(0.5, 1, 0.001)
    0.5
    """
    if not math.isfinite(loss):
        raise TrainingError(
            f"the {name} became {loss} in epoch {epoch} at learning rate {rate:.2g}; "
            f"train with a lower one, such as --learning-rate {rate / 10:.1g}"
        )
    return loss


def validate(
    model: nn.Module, part: Subset, *, preprocess: Preprocess, recipe: Recipe
) -> tuple[float, float]:
    """Give (mean cross-entropy, accuracy) of a subset, in the precision of training.

    In batches of training's size, so that it needs no more memory than a step.
    """
    device = next(model.parameters()).device
    loss, right = 0.0, 0
    with eval_mode(model), torch.inference_mode():
        steps = max(1, math.ceil(len(part.indices) / recipe.batch_size))
        for _, pixels, labels in part.batches(np.array_split(part.indices, steps)):
            labels = labels.to(device)
            values = normalize(pixels.to(device).float(), preprocess)
            logits = model(values.contiguous(memory_format=recipe.precision.memory_format))
            loss += functional.cross_entropy(logits.float(), labels, reduction="sum").item()
            right += int((logits.argmax(1) == labels).sum())
    return loss / len(part.indices), right / len(part.indices)


def validate_together(
    module: nn.Module, part: Subset, *, preprocess: Preprocess, recipe: Recipe, fabric: AnyFabric
) -> tuple[float, float]:
    """Validate as `validate` does, each process on its share, all with the first one's averages.

    Batch normalisation has averages of its own in every process; those of the first one are in
    the state that is kept, so it is they that are evaluated.
    """
    if fabric.world_size == 1:
        return validate(module, part, preprocess=preprocess, recipe=recipe)
    averages = {name: value.cpu() for name, value in module.named_buffers()}
    module.load_state_dict(fabric.broadcast(averages), strict=False)
    own = Subset(part.images, own_share(part.indices, fabric), part.labels)
    loss, accuracy = 0.0, 0.0
    if len(own.indices):
        loss, accuracy = validate(module, own, preprocess=preprocess, recipe=recipe)
    share = len(own.indices) / len(part.indices)
    loss, accuracy = added(fabric, loss * share, accuracy * share)
    return loss, accuracy


def own_share(indices: np.ndarray, fabric: AnyFabric) -> np.ndarray:
    """Give this process its part of some images; each image goes to one process."""
    return np.array_split(indices, fabric.world_size)[fabric.global_rank]


def weight_of(own: np.ndarray, whole: np.ndarray, recipe: Recipe, fabric: AnyFabric) -> float:
    """Say how much a process's mean loss counts among all: 1 where every share weighs the same.

    Args:
        own: labels of this process's images.
        whole: labels of all images of the step.
        recipe: with the weights of the classes.
        fabric: with the number of processes.
    """
    weights = np.asarray(recipe.step_weight or 1.0)
    if weights.ndim == 0:
        return fabric.world_size * len(own) / len(whole)
    return float(fabric.world_size * weights[own].sum() / weights[whole].sum())


def added(fabric: AnyFabric, *values: float) -> tuple[float, ...]:
    """Add up figures over the processes."""
    if fabric.world_size == 1:
        return values
    figures = torch.tensor(values, dtype=torch.float64, device=fabric.device)
    return tuple(fabric.all_reduce(figures, reduce_op="sum").tolist())  # type: ignore[union-attr]


@contextmanager
def seeded(seed: int, epoch: int, step: int, *, fabric: AnyFabric) -> Iterator[None]:
    """Make what dropout draws a function of seed, epoch, step and process; then put state back.

    Only the device's own state is touched: torch.manual_seed would also note, with its whole
    stack, a seed for every device that is not in use.
    """
    process = [fabric.global_rank] if fabric.global_rank else []
    key = np.random.SeedSequence([seed, epoch, step, *process])
    (own,) = key.generate_state(1, np.uint64)
    on_cpu = fabric.device.type == "cpu"
    source = torch if on_cpu else torch.get_device_module(fabric.device)
    before = source.get_rng_state()
    (torch.default_generator if on_cpu else source).manual_seed(int(own) >> 1)
    try:
        yield
    finally:
        source.set_rng_state(before)
