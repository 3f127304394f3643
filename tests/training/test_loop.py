"""The loop against a plain one, and against itself put down and taken up."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from striate.backends.adamw import AdamW
from striate.backends.precision import CHANNELS_FIRST, WAYS, Precision
from striate.backends.torch import build
from striate.data import Images, find, load
from striate.data.augmentation import Augmentation, choose_augmentation
from striate.data.images import Preprocess
from striate.errors import RunError, TrainingError
from striate.events import Epoch, Progress
from striate.training import checkpoints
from striate.training.distributed.single_process import AnyFabric, SingleProcess
from striate.training.loop import optimizer_for, train
from striate.training.one_cycle import Cycle
from striate.training.recipe import Recipe
from striate.training.sampling import draw_epoch
from striate.training.state import State
from striate.training.subset import Subset

TEXT = (
    "input 1x8x8 classes=10 > conv 8 > bn > relu > maxpool 2 > conv 12 > bn > relu > flatten > "
    "dropout 0.3 > fc"
)
PREPROCESS = Preprocess(1, 8, 8, mean=(0.3,), std=(0.35,))
RECIPE = Recipe(
    batch_size=50,
    learning_rate=0.01,
    weight_decay=0.05,
    label_smoothing=0.1,
    class_weight=None,
    augmentation=choose_augmentation(1, 8, 8, []),
    patience=None,
    precision=CHANNELS_FIRST,
    seed=3,
)


@pytest.fixture(scope="module")
def digits() -> tuple[Images, np.ndarray]:
    collection = find("digits")
    return load(collection, PREPROCESS), collection.labels


def parts(digits: tuple[Images, np.ndarray]) -> tuple[Subset, Subset]:
    images, labels = digits
    training, validation = np.arange(0, 240), np.arange(300, 400)
    return Subset(images, training, labels), Subset(images, validation, labels)


def fresh(recipe: Recipe = RECIPE) -> State:
    module = build(TEXT, seed=recipe.seed)
    return State(module, optimizer_for(module, recipe))


def run(
    state: State,
    digits: tuple[Images, np.ndarray],
    *,
    recipe: Recipe = RECIPE,
    epochs: int = 3,
    steps: int | None = None,
    fabric: AnyFabric | None = None,
) -> list[Progress | Epoch]:
    """Run, or only as many steps as said."""
    part, val = parts(digits)
    fabric = fabric or SingleProcess("cpu", recipe.precision)
    cycle = Cycle(first=0, epochs=epochs, minutes=0.0, begun=0.0, peak=recipe.learning_rate)
    told: list[Progress | Epoch] = []
    for event in train(
        state, part, val, preprocess=PREPROCESS, recipe=recipe, cycle=cycle, fabric=fabric
    ):
        told.append(event)
        if steps is not None and sum(isinstance(e, Progress) for e in told) >= steps:
            break
    return told


def test_it_learns(digits: tuple[Images, np.ndarray]) -> None:
    epochs = [event for event in run(fresh(), digits, epochs=15) if isinstance(event, Epoch)]
    assert [epoch.epoch for epoch in epochs] == list(range(1, 16))
    assert epochs[-1].train_loss < epochs[0].train_loss
    assert max(epoch.val_accuracy for epoch in epochs) > 0.7
    assert epochs[-1].seconds_left == 0


@pytest.mark.parametrize("way", (CHANNELS_FIRST, *WAYS), ids=str)
def test_one_process_computes_what_fabric_does(
    way: Precision, digits: tuple[Images, np.ndarray]
) -> None:
    recipe = replace(RECIPE, precision=way)
    ours, theirs = fresh(recipe), fresh(recipe)
    told = run(ours, digits, recipe=recipe)
    from lightning_fabric import Fabric  # takes as long as torch: not where tests are collected

    fabric = Fabric(accelerator="cpu", devices=1, precision=way.fabric)  # type: ignore[arg-type]
    same = run(theirs, digits, recipe=recipe, fabric=fabric)
    for name, value in theirs.module.state_dict().items():
        assert torch.equal(ours.module.state_dict()[name], value), name
    assert [event.val_loss for event in told if isinstance(event, Epoch)] == [
        event.val_loss for event in same if isinstance(event, Epoch)
    ]


def test_the_optimizer_is_torch_s() -> None:
    """Step by step, and written by one and read by the other."""
    torch.manual_seed(0)
    ours = nn.Linear(5, 3)
    theirs = copy.deepcopy(ours)
    own, original = AdamW(ours.parameters(), lr=0.1), torch.optim.AdamW(theirs.parameters(), lr=0.1)
    values = torch.rand(7, 5)
    for step in range(5):
        for module, optimizer in ((ours, own), (theirs, original)):
            module(values).square().sum().backward()
            optimizer.step()
            optimizer.zero_grad()
        assert torch.equal(ours.weight, theirs.weight), step
        if step == 2:
            kept = copy.deepcopy(original.state_dict())
            original.load_state_dict(copy.deepcopy(own.state_dict()))
            own.load_state_dict(kept)


def test_its_steps_are_those_of_a_plain_loop(digits: tuple[Images, np.ndarray]) -> None:
    """The same numbers as a loop without Fabric, state, clock or generator."""
    recipe = replace(RECIPE, augmentation=Augmentation(), label_smoothing=0.1)
    text = TEXT.replace(" > dropout 0.3", "")
    module = build(text, seed=0)
    plain = copy.deepcopy(module)
    state = State(module, optimizer_for(module, recipe))
    told = run(state, digits, recipe=recipe, epochs=2)

    images, labels = digits
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in plain.parameters() if p.ndim > 1], "weight_decay": 0.05},
            {"params": [p for p in plain.parameters() if p.ndim <= 1], "weight_decay": 0.0},
        ]
    )
    losses, step = [], 0
    plain.train()
    for epoch in (1, 2):
        key = np.random.Philox(key=np.array([recipe.seed, 2**63 + epoch], np.uint64))
        order = np.random.Generator(key).permutation(np.arange(240))
        for chosen in np.array_split(order, 4):
            x = (torch.from_numpy(images.take(chosen)).float() / 255 - 0.3) / 0.35
            fraction = step / 8
            if fraction < 0.25:
                wave = (1 - math.cos(math.pi * fraction / 0.25)) / 2
                rate = 0.01 / 20 + (0.01 - 0.01 / 20) * wave
            else:
                wave = (1 + math.cos(math.pi * (fraction - 0.25) / 0.75)) / 2
                rate = 0.01 / 1000 + (0.01 - 0.01 / 1000) * wave
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss = nn.functional.cross_entropy(
                plain(x), torch.from_numpy(labels[chosen]), label_smoothing=0.1
            )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(loss.item() * len(chosen))
            step += 1
    epochs = [event for event in told if isinstance(event, Epoch)]
    assert epochs[0].train_loss == pytest.approx(sum(losses[:4]) / 240, rel=1e-4)
    assert epochs[1].train_loss == pytest.approx(sum(losses[4:]) / 240, rel=1e-3)


@pytest.mark.parametrize("way", (CHANNELS_FIRST, *WAYS), ids=str)
@pytest.mark.parametrize("stop", [1, 4, 7, 12])
def test_a_run_put_down_anywhere_ends_with_exactly_the_same_weights(
    digits: tuple[Images, np.ndarray], tmp_path: Path, stop: int, way: object
) -> None:
    recipe = replace(RECIPE, precision=way)  # type: ignore[arg-type]
    whole = fresh(recipe)
    records = [e for e in run(whole, digits, recipe=recipe) if isinstance(e, Epoch)]

    first = fresh(recipe)
    run(first, digits, recipe=recipe, steps=stop)
    checkpoints.write(tmp_path, first)
    second = fresh(replace(recipe, seed=99))  # other weights: all must come from the file
    checkpoints.read(tmp_path, second)
    torch.manual_seed(stop)  # what others draw must not matter
    later = [e for e in run(second, digits, recipe=recipe) if isinstance(e, Epoch)]

    for name, value in whole.module.state_dict().items():
        assert torch.equal(value, second.module.state_dict()[name]), name
    for name, value in whole.best.items():
        assert torch.equal(value, second.best[name]), name
    assert (whole.best_epoch, whole.best_loss) == (second.best_epoch, second.best_loss)
    for before, after in zip(records[-len(later) :], later, strict=True):
        assert (before.train_loss, before.val_loss) == (after.train_loss, after.val_loss)


def test_the_seed_decides_and_global_chance_is_left_alone(
    digits: tuple[Images, np.ndarray],
) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one = fresh()
    run(one, digits, epochs=1)
    assert torch.equal(torch.rand(3), expected)
    torch.manual_seed(77)
    two = fresh()
    run(two, digits, epochs=1)
    other = fresh(replace(RECIPE, seed=4))
    run(other, digits, recipe=replace(RECIPE, seed=4), epochs=1)
    assert torch.equal(one.best["conv1.weight"], two.best["conv1.weight"])
    assert not torch.equal(one.best["conv1.weight"], other.best["conv1.weight"])


def test_patience_stops_a_run_that_gets_no_better(digits: tuple[Images, np.ndarray]) -> None:
    recipe = replace(RECIPE, learning_rate=1e-9, patience=2)
    epochs = [e for e in run(fresh(), digits, recipe=recipe, epochs=50) if isinstance(e, Epoch)]
    assert len(epochs) < 50
    assert not epochs[-1].best
    assert not epochs[-2].best


def test_a_loss_that_is_no_number_ends_the_run_with_a_cure(
    digits: tuple[Images, np.ndarray],
) -> None:
    state = fresh()
    with torch.no_grad():
        state.module.get_parameter("fc1.weight").fill_(float("nan"))
    with pytest.raises(TrainingError, match="--learning-rate") as caught:
        run(state, digits)
    assert caught.value.exit_code == 1


def test_class_weights_weigh_the_loss(digits: tuple[Images, np.ndarray]) -> None:
    even, uneven = fresh(), fresh()
    run(even, digits, epochs=1)
    weights = (5.0,) + (0.5,) * 9
    run(uneven, digits, recipe=replace(RECIPE, class_weight=weights), epochs=1)
    assert not torch.equal(even.best["fc1.bias"], uneven.best["fc1.bias"])


def test_balanced_sampling_draws_classes_equally_often_and_goes_on_to_the_bit(
    digits: tuple[Images, np.ndarray],
) -> None:
    images, labels = digits
    plain = Subset(images, np.arange(200), labels)
    orders = [draw_epoch(plain, RECIPE, epoch)[0] for epoch in (1, 2, 3)]
    assert all(sorted(order) == list(range(200)) for order in orders)
    assert not any(np.array_equal(one, other) for one, other in pairwise(orders))
    rare = np.concatenate([np.flatnonzero(labels == 0)[:7], np.flatnonzero(labels != 0)[:193]])
    recipe = replace(RECIPE, balanced_sampling=True)
    order, numbers = draw_epoch(Subset(images, rare, labels), recipe, 1)
    assert len(order) == len(numbers) == 200
    assert set(np.bincount(labels[order])) == {20}
    seven = np.bincount(order, minlength=len(labels))[rare[:7]]
    assert set(seven) == {2, 3}  # each of the rare ones in turn
    assert len(np.unique(numbers[order == rare[0]], axis=0)) == seven[0]  # changed anew each time
    again, _ = draw_epoch(Subset(images, rare, labels), recipe, 2)
    assert not np.array_equal(order, again)

    whole, stopped = fresh(recipe), fresh(recipe)
    run(whole, digits, recipe=recipe, epochs=2)
    run(stopped, digits, recipe=recipe, epochs=2, steps=6)
    run(stopped, digits, recipe=recipe, epochs=2)
    for name, value in whole.module.state_dict().items():
        assert torch.equal(stopped.module.state_dict()[name], value), name


def test_decay_spares_biases_and_normalisation() -> None:
    module = build(TEXT)
    decayed, spared = optimizer_for(module, RECIPE).param_groups
    assert {p.ndim for p in decayed["params"]} == {2, 4}
    assert {p.ndim for p in spared["params"]} == {1}
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.05, 0.0)


def test_a_damaged_checkpoint_is_one_clear_line(tmp_path: Path) -> None:
    checkpoints.write(tmp_path, fresh())
    path = tmp_path / checkpoints.FILE
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(RunError, match="cannot be used"):
        checkpoints.read(tmp_path, fresh())


def test_a_part_of_one_image_still_trains(digits: tuple[Images, np.ndarray]) -> None:
    images, labels = digits
    part, val = Subset(images, np.arange(3), labels), Subset(images, np.arange(3, 4), labels)
    state = fresh()
    fabric = SingleProcess("cpu", RECIPE.precision)
    cycle = Cycle(first=0, epochs=1, minutes=0.0, begun=0.0, peak=0.01)
    told = list(
        train(state, part, val, preprocess=PREPROCESS, recipe=RECIPE, cycle=cycle, fabric=fabric)
    )
    assert isinstance(told[-1], Epoch)


def test_patience_is_part_of_where_a_run_stands(
    digits: tuple[Images, np.ndarray], tmp_path: Path
) -> None:
    recipe = replace(RECIPE, learning_rate=1e-9, patience=2)
    whole = fresh(recipe)
    run(whole, digits, recipe=recipe, epochs=50)
    checkpoints.write(tmp_path, whole)  # as a kill would leave it, after the last epoch
    again = fresh(recipe)
    checkpoints.read(tmp_path, again)
    assert run(again, digits, recipe=recipe, epochs=50) == []
    assert again.epoch == whole.epoch


def test_a_validation_loss_that_is_no_number_ends_the_run(
    digits: tuple[Images, np.ndarray],
) -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(64, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.fc(x.flatten(1))
            return y if self.training else y * float("nan")

    module = Odd()
    with pytest.raises(TrainingError, match="validation loss became nan"):
        run(State(module, optimizer_for(module, RECIPE)), digits)


def test_no_step_is_smaller_than_the_batch(digits: tuple[Images, np.ndarray]) -> None:
    """Batch normalisation cannot do with one image, and an uneven cut would leave one."""
    images, labels = digits
    text = "input 1x8x8 classes=10 > flatten > fc 4 > bn > relu > fc"
    module = build(text)
    state = State(module, optimizer_for(module, RECIPE))
    part = Subset(images, np.arange(5), labels)
    recipe = replace(RECIPE, batch_size=2)
    cycle = Cycle(first=0, epochs=1, minutes=0.0, begun=0.0, peak=0.01)
    fabric = SingleProcess("cpu", RECIPE.precision)
    steps = [
        event.done
        for event in train(
            state, part, part, preprocess=PREPROCESS, recipe=recipe, cycle=cycle, fabric=fabric
        )
        if isinstance(event, Progress)
    ]
    assert steps == [3, 5]
