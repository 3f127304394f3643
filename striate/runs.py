"""What `striate train` does: pictures in, a run's folder with a classifier and a report out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from striate import checkpoints, preparation
from striate.classifier import Classifier, load
from striate.errors import RunError, StriateError
from striate.evaluation import held_out, judge
from striate.events import Done, Epoch, Event, Note, Watch
from striate.interruption import Stop, stoppable
from striate.metrics import Evaluation
from striate.network import build
from striate.preparation import Prepared
from striate.run_folder import FORMAT_VERSION, RunFolder, new_folder, surroundings
from striate.run_report import write_report
from striate.schedule import Cycle
from striate.screen import Screen
from striate.settings import Settings
from striate.state import State
from striate.training import optimizer_for, validate
from striate.training import train as train_epochs

AGAIN = 0.5  # the peak of a run's extension, as a share of the first peak


@dataclass(frozen=True)
class Run:
    """A run that is over: its folder, the classifier, and what it is worth."""

    folder: Path
    model: Classifier
    evaluation: Evaluation
    interrupted: bool

    def __repr__(self) -> str:
        return f"Run in {self.folder}: {self.evaluation.headline()} on {self.evaluation.evaluated}"


def train(
    data: str | Path,
    network: str | Path | nn.Module | None = None,
    *,
    epochs: int | None = None,
    minutes: float | None = None,
    out: str | Path | None = None,
    settings: Settings | None = None,
    watch: Watch | None = None,
) -> Classifier:
    """Learn a classifier from a folder of pictures.

    Everything that is found, chosen and measured stands in the run's folder, with a report.

    Args:
        data: a folder with a folder a class (or train/, val/, test/ of these), IDX files, an
            npz, a CSV of path,label, a zip of any of these, or "digits".
        network: a text in the notation, a .cnn file, or a torch module (n, channels, rows,
            columns) -> (n, classes); None takes a compact residual network.
        epochs: passes over the training pictures; None lets the data decide.
        minutes: the whole run's time, instead of epochs.
        out: the run's folder; None takes runs/NAME.
        settings: everything else.
        watch: is told every event; None shows them on the screen.

    Returns:
        The best state as a classifier, as it was saved.

    Raises:
        StriateError: one of its children, saying what is wrong with the data, the network or
            a setting.

    Example: ``model = train("photos/", epochs=10); model.predict("cat.jpg")``.
    """
    chosen = settings or Settings()
    if epochs is not None:
        chosen = replace(chosen, epochs=epochs)
    if minutes is not None:
        chosen = replace(chosen, minutes=minutes)
    if watch is not None:
        return start(data, network, out=out, settings=chosen, watch=watch).model
    with Screen() as screen:
        return start(data, network, out=out, settings=chosen, watch=screen).model


def start(
    data: str | Path,
    network: str | Path | nn.Module | None = None,
    *,
    out: str | Path | None = None,
    settings: Settings,
    watch: Watch,
) -> Run:
    """Begin a run and see it through; arguments as for `train`."""
    preparation.check(settings)
    text = None if isinstance(network, nn.Module) else preparation.source_text(network)
    begun = time.perf_counter()
    with stoppable() as stop:
        collection = preparation.collect(data)
        folder = new_folder(out, str(data))
        record: dict[str, Any] = {
            "format_version": FORMAT_VERSION,
            "status": "preparing",
            "data": {"source": str(data) if data == "digits" else str(Path(data).resolve())},
            "settings": settings.as_json(),
            "network_given": text,
            "module_given": isinstance(network, nn.Module),
            "chosen": None,
            "cycles": [],
            "notes": [],
            "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            **surroundings(),
        }
        folder.write_record(record)
        module = network if isinstance(network, nn.Module) else None
        job = Job(folder, record, module, watch, stop)
        try:
            with preparation.prepare(
                job.folder, record, collection, say=job.say, watch=job.tell
            ) as prepared:
                return job.run(prepared, begun)
        except StriateError:
            if record["status"] == "preparing":
                folder.discard()
            raise


def resume(
    run: str | Path,
    *,
    epochs: int | None = None,
    minutes: float | None = None,
    network: nn.Module | None = None,
    watch: Watch,
) -> Run:
    """Go on with a run that was stopped, or extend one that is finished.

    On the same processor, with the same threads, a run that was stopped and resumed ends with
    exactly the weights of one that was not.

    Args:
        run: its folder.
        epochs: the new number of epochs in all, to extend a finished run.
        minutes: minutes more, to extend a finished run.
        network: the torch module, where the run was started with one.
        watch: is told every event.

    Raises:
        RunError: it is not a run, the data has changed, or there is nothing to go on with.
    """
    folder = RunFolder(Path(run))
    record = folder.read_record()
    more = check_extension(record, folder.path, epochs, minutes)
    if record["module_given"] and network is None:
        raise RunError(
            f"'{run}' was started with a torch module, whose code is not in the folder; "
            "give it: resume(run, network=module)"
        )
    begun = time.perf_counter()
    with stoppable() as stop:
        collection = preparation.collect(record["data"]["source"])
        job = Job(folder, record, network, watch, stop)
        with preparation.prepare(
            folder, record, collection, say=job.say, watch=job.tell
        ) as prepared:
            return job.run(prepared, begun, more=more)


def check_extension(
    record: dict[str, Any], run: Path, epochs: int | None, minutes: float | None
) -> tuple[int, float] | None:
    """Say whether and how a run is to be extended: (epochs in all, minutes more), or None.

    >>> check_extension({"status": "training"}, Path("runs/cats"), None, None)
    >>> check_extension({"status": "finished", "epochs_done": 5}, Path("runs/cats"), 8, None)
    (8, 0.0)
    """
    if epochs is not None and minutes is not None:
        raise RunError("epochs and minutes are both given; give the one that is to end the run")
    asked = epochs is not None or minutes is not None
    if record["status"] != "finished":
        if asked:
            raise RunError(
                f"'{run}' is not finished; go on with it first: striate train --resume {run}"
            )
        return None
    done = int(record["epochs_done"])
    if not asked:
        raise RunError(
            f"'{run}' is finished after {done} epochs; to extend it give the new number of "
            f"epochs in all: striate train --resume {run} --epochs {2 * done}"
        )
    if epochs is not None and epochs <= done:
        raise RunError(f"'{run}' has {done} epochs already; give more than {done}, the new total")
    if minutes is not None and minutes <= 0:
        raise RunError(f"minutes is {minutes:g}; expected more than 0")
    return epochs or 0, minutes or 0.0


class Job:
    """One run under way: it tells the watcher, keeps the record, and stops when asked to."""

    def __init__(
        self,
        folder: RunFolder,
        record: dict[str, Any],
        module: nn.Module | None,
        watch: Watch,
        stop: Stop,
    ) -> None:
        self.folder, self.record, self._module = folder, record, module
        self._watch, self._stop = watch, stop

    def tell(self, event: Event) -> None:
        """Pass an event on; while nothing is learnt yet, a wish to stop ends the run here."""
        self._watch(event)
        if self._stop.asked and self.record["status"] == "preparing":
            raise RunError("stopped before training began; nothing was learnt")

    def say(self, text: str) -> None:
        """Say a decision and record it, once."""
        if text not in self.record["notes"]:
            self.record["notes"].append(text)
            self.tell(Note(text))

    def run(
        self, prepared: Prepared, begun: float, *, more: tuple[int, float] | None = None
    ) -> Run:
        """Train, judge and write everything down."""
        if self._module is not None:
            classes = len(prepared.collection.classes)
            preparation.check_module(self._module, prepared.preprocess, classes)
        with threads(prepared.threads):
            state, epochs, interrupted = self._learn(prepared, begun, more)
            return self._finish(prepared, state, epochs, interrupted)

    def _learn(
        self, prepared: Prepared, begun: float, more: tuple[int, float] | None
    ) -> tuple[State, list[Epoch], bool]:
        """Train until the cycle is over or a stop is asked for, writing checkpoints."""
        module = self._module or build(prepared.text or "", seed=prepared.recipe.seed)
        module.to(prepared.fabric.device)
        state = State(module, optimizer_for(module, prepared.recipe))
        state.seconds = time.perf_counter() - begun
        if checkpoints.exists(self.folder.path):
            checkpoints.read(self.folder.path, state)
            self.tell(Note(f"going on after {state.epoch} epochs and {state.step} steps"))
        cycle = self._cycle(state, prepared, more)
        epochs = self.folder.read_epochs(state.epoch)
        self.folder.write_epochs(epochs)
        self.record["status"] = "training"
        self.folder.write_record(self.record)
        saver = checkpoints.Saver(self.folder.path, state)
        for event in train_epochs(
            state,
            prepared.training,
            prepared.validation,
            preprocess=prepared.preprocess,
            recipe=prepared.recipe,
            cycle=cycle,
            fabric=prepared.fabric,
        ):
            self.tell(event)
            if isinstance(event, Epoch):
                epochs.append(event)
                self.folder.append_epoch(event)
            saver.save_if_due()
            if self._stop.asked:
                break
        saver.save()
        if not state.best:  # stopped within the first epoch; the checkpoint does not hold this
            self.say("stopped within the first epoch: the classifier is the state at that moment")
            loss, accuracy = validate(
                state.module,
                prepared.validation,
                preprocess=prepared.preprocess,
                recipe=prepared.recipe,
            )
            state.keep_if_best(accuracy, loss)
        return state, epochs, self._stop.asked

    def _cycle(self, state: State, prepared: Prepared, more: tuple[int, float] | None) -> Cycle:
        """Give the cycle under way, making the first one or that of an extension."""
        cycles: list[dict[str, Any]] = self.record["cycles"]
        peak = prepared.recipe.learning_rate
        if not cycles:
            cycles.append(
                {
                    "first": 0,
                    "epochs": prepared.epochs,
                    "minutes": prepared.minutes,
                    "begun": 0.0,
                    "peak": peak,
                }
            )
        elif more is not None:
            total, minutes = more
            cycles.append(
                {
                    "first": state.epoch,
                    "epochs": total - state.epoch if total else 0,
                    "minutes": minutes,
                    "begun": state.seconds,
                    "peak": peak * AGAIN,
                }
            )
        return Cycle(**cycles[-1])

    def _finish(
        self, prepared: Prepared, state: State, epochs: list[Epoch], interrupted: bool
    ) -> Run:
        """Judge the best state, then write the classifier, the record and the report."""
        best = self._module or build(prepared.text or "", seed=None)
        best.to(memory_format=torch.contiguous_format).load_state_dict(state.best)  # type: ignore[call-overload]
        split, pictures = prepared.split, prepared.pictures
        model = Classifier(
            network=best.eval(),
            text=prepared.text,
            classes=prepared.collection.classes,
            preprocess=prepared.preprocess,
            data=self.record["data"],
            training=self.record["chosen"]
            | {"epochs": state.epoch, "best_epoch": state.best_epoch},
            seen={"train": pictures.hashes[split.train], "val": pictures.hashes[split.val]},
        )
        chosen = held_out(split)
        evaluation = judge(model, pictures, prepared.collection, chosen, watch=self.tell)
        metrics = {
            name: value
            for name, value in evaluation.as_json().items()
            if name not in ("worst", "classes")
        }
        model = replace(model, metrics=metrics)
        model.save(self.folder.model)
        self.record |= {
            "status": "interrupted" if interrupted else "finished",
            "epochs_done": state.epoch,
            "best_epoch": state.best_epoch,
            "seconds": round(state.seconds, 1),
            "result": evaluation.as_json(),
        }
        self.folder.write_record(self.record)
        if not interrupted:
            shutil.rmtree(self.folder.cache, ignore_errors=True)
        write_report(
            self.folder, self.record, prepared, model=model, epochs=epochs, evaluation=evaluation
        )
        self._watch(
            Done(
                run=self.folder.path,
                model=self.folder.model,
                report=self.folder.report,
                interrupted=interrupted,
                evaluated=evaluation.evaluated,
                n=evaluation.n,
                accuracy=evaluation.accuracy,
                accuracy_low=evaluation.accuracy_low,
                accuracy_high=evaluation.accuracy_high,
                seconds=state.seconds,
            )
        )
        own = load(self.folder.model, network=self._module)
        return Run(self.folder.path, own, evaluation, interrupted)


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Compute on so many CPU threads, and put the number back."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
