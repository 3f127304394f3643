"""The other processes of a run: what the first one tells them, and their share of the steps.

Only training in steps is shared. The first process reads, chooses, learns heads, judges and
writes; the others wait for the task, which they have done when the training is over.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from striate.backends.repeatable import repeatable
from striate.backends.threads import use_threads
from striate.backends.torch import build
from striate.backends.torch.blank_images import give_weights
from striate.data import find, load
from striate.data.images import Preprocess
from striate.errors import RunError
from striate.training.distributed.devices import fabric_for
from striate.training.distributed.process_group import Workers
from striate.training.distributed.processes import Worker
from striate.training.distributed.sharing import memory_for
from striate.training.distributed.single_process import AnyFabric
from striate.training.loop import optimizer_for, train
from striate.training.one_cycle import Cycle
from striate.training.plan import Request
from striate.training.preparation import Prepared
from striate.training.recipe import Recipe
from striate.training.state import Counters, State
from striate.training.subset import Subset


@dataclass(frozen=True, eq=False)
class Task:
    """What the other processes need to know, as plain values.

    Attributes:
        source: where the images are; the same on every machine.
        layout: what folders of folders mean there, where that was said.
        zip_encoding: of names in a zip there, where that was said.
        names: of the images that the first process has, in its order: what a list of labels or of
            fixes says by now must not divide the processes.
        cache: where decoded images are kept, on machines that see the run's folder.
        memory: bytes of decoded images held in memory where they do not.
        hashes: uint64, of every image: all machines must have the same ones.
        labels: int64, the class of each.
        train: int64, which of them are learnt from.
        val: int64, which of them choose the best state.
        preprocess: how they are made.
        text: the network; None where a torch module was given.
        recipe: how the weights are learnt.
        cycle: the learning rate and the end.
        threads: CPU threads of each process.
        counters: where the state stands.
        moments: the optimizer's state.
    """

    source: str
    layout: str | None
    zip_encoding: str | None
    names: tuple[str, ...]
    cache: Path
    memory: int
    hashes: np.ndarray
    labels: np.ndarray
    train: np.ndarray
    val: np.ndarray
    preprocess: Preprocess
    text: str | None
    recipe: Recipe
    cycle: Cycle
    threads: int
    counters: Counters
    moments: dict[int, dict[str, torch.Tensor]]


def hand_out(
    prepared: Prepared, state: State, cycle: Cycle, *, request: Request, cache: Path
) -> None:
    """Tell the other processes their task; the weights they get as training begins."""
    if prepared.fabric.world_size == 1:
        return
    prepared.fabric.broadcast(
        Task(
            source=request.source,
            layout=request.settings.layout,
            zip_encoding=request.settings.zip_encoding,
            names=prepared.loaded.collection.names,
            cache=cache.absolute(),
            memory=request.settings.memory,
            hashes=prepared.loaded.images.hashes,
            labels=prepared.loaded.collection.labels,
            train=prepared.loaded.split.train,
            val=prepared.loaded.split.val,
            preprocess=prepared.plan.preprocess,
            text=prepared.plan.text,
            recipe=prepared.plan.recipe,
            cycle=cycle,
            threads=prepared.plan.threads,
            counters=state.counters(),
            moments={
                number: {name: value.cpu() for name, value in slots.items()}
                for number, slots in state.optimizer.state_dict()["state"].items()
            },
        )
    )


def dismiss(fabric: AnyFabric) -> None:
    """Tell the other processes that there is nothing to train in steps."""
    if fabric.world_size > 1:
        fabric.broadcast(None)


def stop_asked(fabric: AnyFabric, asked: bool) -> bool:
    """Say whether the run is to stop: in all processes alike, as soon as it is asked of one."""
    if fabric.world_size == 1:
        return asked
    figure = torch.tensor(float(asked), device=fabric.device)
    return bool(fabric.all_reduce(figure, reduce_op="sum") > 0)  # type: ignore[operator]


def assist(worker: Worker, *, module: nn.Module | None, workers: Workers) -> None:
    """Do the share of one of the other processes.

    Args:
        worker: what this process works with.
        module: the network, where the run was given a torch module.
        workers: all processes.

    Raises:
        RunError: the images here are not those of the first process.
    """
    task: Task | None = worker.fabric.broadcast(None)
    if task is None:
        return
    here = task.cache.parent.is_dir()
    found = find(task.source, layout=task.layout, zip_encoding=task.zip_encoding)
    places = {name: place for place, name in enumerate(found.names)}
    missing = [name for name in task.names if name not in places]
    if missing:
        raise RunError(
            f"process {worker.fabric.global_rank + 1} does not find '{missing[0]}' in "
            f"'{task.source}' ({len(missing):,} of {len(task.names):,} images are missing), which "
            "the first one has; give every machine the same"
        )
    collection = found.only(np.array([places[name] for name in task.names], np.int64))
    with load(
        collection,
        task.preprocess,
        memory=memory_for(collection, task.memory, workers) if here else task.memory,
        cache=task.cache if here else None,
    ) as images:
        if not np.array_equal(images.hashes, task.hashes):
            raise RunError(
                f"process {worker.fabric.global_rank + 1} does not find the images in "
                f"'{task.source}' that the first one has ({len(images):,} here, "
                f"{len(task.hashes):,} there, or others); give every machine the same"
            )
        # a module of the user's lies in memory that all processes share
        network = build(task.text or "", seed=None) if module is None else copy.deepcopy(module)
        give_weights(network, task.preprocess)
        network.to(worker.fabric.device)
        state = State(network, optimizer_for(network, task.recipe))
        groups = state.optimizer.state_dict()["param_groups"]
        state.optimizer.load_state_dict({"state": task.moments, "param_groups": groups})
        state.restore(task.counters)
        with use_threads(task.threads), repeatable():
            for _ in train(
                state,
                Subset(images, task.train, task.labels),
                Subset(images, task.val, task.labels),
                preprocess=task.preprocess,
                recipe=task.recipe,
                cycle=task.cycle,
                fabric=fabric_for(workers.device, task.recipe.precision, workers),
            ):
                if stop_asked(worker.fabric, worker.stop.asked):
                    return
