"""One run under way: learn, judge, write everything down."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from striate.architecture.notation import expand
from striate.backends import allocator, precision
from striate.backends.onnx import Trained
from striate.backends.torch import build
from striate.errors import RunError, StoppedError
from striate.evaluation.classifier_evaluation import evaluate_images
from striate.evaluation.image_selection import ImageSelection, select_held_out
from striate.evaluation.metrics import Evaluation
from striate.events import Done, Epoch, Event, Note
from striate.features.backbone import Backbone
from striate.features.filter_shift import FilterShift, measure_filter_shift
from striate.model.classifier import Classifier
from striate.model.loading import load
from striate.model.run_folder import RunFolder, write_text
from striate.terminal.units import format_duration
from striate.training import autotune, checkpoints
from striate.training.distributed.devices import check_module
from striate.training.distributed.processes import Hands
from striate.training.distributed.workers import dismiss, hand_out, stop_asked
from striate.training.energy import Meter
from striate.training.health import Finding
from striate.training.loop import optimizer_for, validate
from striate.training.loop import train as train_epochs
from striate.training.monitoring import Monitoring
from striate.training.monitoring import read as checkups_of
from striate.training.preparation import Prepared
from striate.training.report.gathering import facts, write_report
from striate.training.schedule import Cycle
from striate.training.state import State
from striate.training.transfer import learn_head

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


class Job:
    """One run under way: it tells the watcher, keeps the record, and stops when asked to."""

    def __init__(
        self,
        folder: RunFolder,
        record: dict[str, Any],
        module: nn.Module | None,
        hands: Hands,
        *,
        meter: Meter | None = None,
    ) -> None:
        self.folder, self.record, self._module = folder, record, module
        self._callback, self._stop, self._meter = hands.callback, hands.stop, meter

    def tell(self, event: Event) -> None:
        """Pass an event on; while nothing is learnt yet, a wish to stop ends the run here."""
        self._callback(event)
        if self._stop.asked and self.record["status"] == "preparing":
            raise StoppedError(
                "stopped before anything was learnt, so there is no run to resume; give the same "
                "command again (features of a trained body that are computed already are kept)"
            )

    def say(self, text: str) -> None:
        """Say a decision and record it, once."""
        if text not in self.record["notes"]:
            self.record["notes"].append(text)
            self.tell(Note(text))

    def _say_all(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self.say(str(finding))

    def run(
        self, prepared: Prepared, begun: float, *, more: tuple[int, float] | None = None
    ) -> Run:
        """Train, judge and write everything down."""
        if self._module is not None:
            classes = len(prepared.collection.classes)
            check_module(self._module, prepared.preprocess, classes)
        with precision.threads(prepared.threads):
            with allocator.kept():
                state, epochs, interrupted = self._learn(prepared, begun, more)
            self._tell_reach(prepared, epochs)
            return self._finish(prepared, state, epochs, interrupted)

    def _learn(
        self, prepared: Prepared, begun: float, more: tuple[int, float] | None
    ) -> tuple[State, list[Epoch], bool]:
        """Train until the cycle is over or a stop is asked for, writing checkpoints."""
        module = self._module
        if module is None:
            module = build(prepared.text or "", seed=prepared.recipe.seed)
        module.to(prepared.fabric.device)
        if prepared.body is not None:
            self._learn_head(module, prepared.body, prepared)
        state = State(module, optimizer_for(module, prepared.recipe))
        state.seconds = time.perf_counter() - begun
        if checkpoints.exists(self.folder.path):
            checkpoints.read(self.folder.path, state)
            self.tell(Note(f"going on after {state.epoch} epochs and {state.step} steps"))
        if prepared.body is not None:
            if not prepared.recipe.shares:
                dismiss(prepared.fabric)
                state.keep_if_best(0.0, 0.0)  # the only state there is: nothing is to be chosen
                return state, [], False
            self._keep(state, prepared, "the head alone")
        cycle = self._cycle(state, prepared, more)
        begun_at_all = state.epoch or state.step
        if not begun_at_all and cycle.minutes and state.seconds >= 60 * cycle.minutes:
            raise RunError(
                f"{cycle.minutes:g} minutes were used up by reading and measuring "
                f"({format_duration(state.seconds)}); give more --minutes"
            )
        epochs = self.folder.read_epochs(state.epoch)
        monitoring = Monitoring(self.folder.path, prepared, state)
        self._say_all(monitoring.before())
        self.folder.write_epochs(epochs)
        self.record["status"] = "training"
        self.folder.write_record(self.record)
        saver = checkpoints.Saver(self.folder.path, state, self.say)
        if prepared.body is not None:
            # from here on the run goes on without the body's own file
            checkpoints.write_body(self.folder.path, prepared.body.tensors, prepared.body.seen)
            saver.save()
        hand_out(
            prepared,
            state,
            cycle,
            source=self.record["data"]["source"],
            cache=self.folder.cache,
            memory=self.record["settings"]["memory"],
        )
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
                self._read_meter()
                self._say_all(monitoring.after(event, epochs))
            saver.save_if_due()
            if stop_asked(prepared.fabric, self._stop.asked):
                break
        saver.save()
        self._say_all(monitoring.close(epochs))
        self.record["health"] = monitoring.as_json()
        whole = cycle.epochs > 0 and state.epoch >= cycle.first + cycle.epochs
        interrupted = self._stop.asked and not whole
        if not state.best:  # stopped within the first epoch; the checkpoint does not hold this
            self.say("stopped within the first epoch: the classifier is the state at that moment")
            self._keep(state, prepared, "this state")
        return state, epochs, interrupted

    def _read_meter(self) -> None:
        """Write down what the run has taken, so that a kill loses an epoch of it at most."""
        if self._meter is not None:
            self.record["energy"] = self._meter.so_far().as_json()
            self.folder.write_record(self.record)

    def _tell_reach(self, prepared: Prepared, epochs: Sequence[Epoch]) -> None:
        """Say how fast the training went beside the most that this machine computes."""
        fabric = prepared.fabric
        if prepared.text is None or prepared.recipe.shares or fabric.world_size > 1:
            return
        found = autotune.reached(prepared.text, epochs, fabric.device.type)
        if found is not None:
            rate, reach = found
            self.record["reached"] = {"images_per_second": round(rate, 1), **reach.as_json()}
            self.say(f"training went through {rate:,.0f} images a second: {reach}")

    def _learn_head(self, module: nn.Module, body: Backbone, prepared: Prepared) -> None:
        """Let the network have its trained body, and learn its head."""
        head, way = learn_head(
            module,
            body,
            prepared.training,
            chosen=self.record["chosen"],
            seed=prepared.recipe.seed,
            say=self.say,
            callback=self.tell,
        )
        self.record["chosen"]["transfer"] |= {
            "way": way,
            "head": {
                "strength": head.strength,
                "folds": head.folds,
                "tried": [asdict(one) for one in head.tried],
            },
        }
        self.record["status"] = "training"  # something is learnt: no stop throws it away now
        self.folder.write_record(self.record)

    def _keep(self, state: State, prepared: Prepared, what: str) -> None:
        """Judge the present weights on validation, and keep them where they are the best."""
        loss, accuracy = validate(
            state.module,
            prepared.validation,
            preprocess=prepared.preprocess,
            recipe=prepared.recipe,
        )
        state.keep_if_best(accuracy, loss)
        self.say(
            f"{what} tells {accuracy:.1%} of {len(prepared.validation.indices):,} validation "
            "images right"
        )

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
        begun = time.perf_counter()
        best: nn.Module | Trained
        if self._module is None:
            best = Trained.of(expand(prepared.text or ""), state.best)
        else:
            self._module.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
            self._module.load_state_dict(state.best)
            best = self._module.eval()
        images = prepared.images
        before, known = self._start(prepared)
        model = Classifier(
            network=best,
            text=prepared.text,
            classes=prepared.collection.classes,
            preprocess=prepared.preprocess,
            data=self.record["data"],
            training=self.record["chosen"]
            | {"epochs": state.epoch, "best_epoch": state.best_epoch},
            seen=self._seen(prepared, known),
        )
        chosen = self._judged(prepared, known)
        if note := model.engine.note:
            self.say(note)
        evaluation = evaluate_images(model, images, prepared.collection, chosen, callback=self.tell)
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
        self._read_meter()
        if not interrupted:
            shutil.rmtree(self.folder.cache, ignore_errors=True)
        shown = facts(
            self.record,
            prepared,
            text=model.text,
            epochs=epochs,
            evaluation=evaluation,
            judged=chosen.indices,
            moved=None if before is None else self._moved(before, state.best),
        )
        write_report(self.folder, replace(shown, checkups=checkups_of(self.folder.path)))
        self._callback(
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
                seconds=state.seconds + time.perf_counter() - begun,
                kwh=self.record.get("energy", {}).get("kwh"),
                kg_co2e=self.record.get("energy", {}).get("kg_co2e"),
            )
        )
        own = load(self.folder.model, network=self._module)
        return Run(self.folder.path, own, evaluation, interrupted)

    def _start(
        self, prepared: Prepared
    ) -> tuple[Mapping[str, torch.Tensor] | None, Mapping[str, np.ndarray]]:
        """Give what fine-tuning began with, None without it, and what the body had used before."""
        if prepared.body is not None:
            tensors = prepared.body.tensors if prepared.recipe.shares else None
            return tensors, prepared.body.seen
        kept = checkpoints.read_body(self.folder.path) if prepared.recipe.shares else None
        return (None, {}) if kept is None else kept

    def _seen(self, prepared: Prepared, known: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Give the hashes of what was learnt from and of what chose the best state, if any did.

        Args:
            prepared: the run's images and split.
            known: the hashes of what its body had used before.
        """
        hashes, split = prepared.images.hashes, prepared.split
        seen = {"train": hashes[split.train]}
        if self.record["cycles"]:
            seen["val"] = hashes[split.val]
        for part, more in known.items():
            seen[part] = np.union1d(seen.get(part, more), more)
        return seen

    def _judged(self, prepared: Prepared, seen: Mapping[str, np.ndarray]) -> ImageSelection:
        """Choose the images to judge on: none that the body has learnt from, where others are."""
        chosen = select_held_out(prepared.split, checkpoint_selected=bool(self.record["cycles"]))
        learnt = seen.get("train", np.array([], np.uint64))
        if not len(learnt):
            return chosen
        if self.record["chosen"]["transfer"]["resized"]:
            self.say(
                "the body was taught with images of another size: whether it has learnt from "
                "the ones judged here cannot be told"
            )
            return chosen
        known = np.isin(prepared.images.hashes[chosen.indices], learnt)
        if not known.any():
            return chosen
        if known.all():
            self.say("the body has learnt from every image judged here: the figures flatter it")
            return replace(chosen, words=f"{len(known):,} images that the body has learnt from")
        rest = chosen.indices[~known]
        words = f"{len(rest):,} held-out images that neither the run nor its body learnt from"
        self.say(
            f"{int(known.sum()):,} of {len(known):,} images held out are left out of the "
            "judgement: the body has learnt from them"
        )
        return replace(chosen, indices=rest, words=words)

    def _moved(
        self, before: Mapping[str, torch.Tensor], after: Mapping[str, torch.Tensor]
    ) -> FilterShift:
        """Say how far fine-tuning moved the body, and write it down."""
        found = measure_filter_shift(before, after)
        text = json.dumps(found.as_json(), indent=1, allow_nan=False) + "\n"
        write_text(self.folder.path / "moved.json", text)
        return found
