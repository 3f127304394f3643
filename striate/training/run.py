"""One training run under way: learn, evaluate, write everything down."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from striate.backends import allocator
from striate.backends.onnx import Trained
from striate.backends.repeatable import repeatable
from striate.backends.threads import use_threads
from striate.backends.torch import build
from striate.errors import RunError, StoppedError
from striate.evaluation.answers_file import write_answers
from striate.evaluation.calibration.held_out import HeldOut
from striate.evaluation.metrics import EvaluatedImage, Evaluation
from striate.evaluation.test_uses import count_training
from striate.events import Done, Epoch, Event, Note
from striate.features.backbone import Backbone
from striate.features.extraction import KnownFeatures
from striate.features.filter_shift import measure_filter_shift
from striate.model.classifier import Classifier
from striate.model.decision import Decision
from striate.model.json_value import JsonObject
from striate.model.loading import load
from striate.model.run_folder import RunFolder, report_write_errors
from striate.terminal.units import format_duration, format_percent
from striate.training import autotune, checkpoints, film
from striate.training.calibration import calibrate
from striate.training.crowding import Crowding
from striate.training.distributed.devices import check_module
from striate.training.distributed.processes import Worker
from striate.training.distributed.workers import dismiss, hand_out, stop_asked
from striate.training.energy import Meter
from striate.training.evaluated_images import select_evaluated
from striate.training.follow_up.answer_changes import report_answers
from striate.training.follow_up.grown_weights import hand_on
from striate.training.health import Finding
from striate.training.history import History
from striate.training.image_findings import list_held_out, list_unlearnt, look_at_images
from striate.training.loop import optimizer_for, train, validate
from striate.training.monitoring import Monitoring
from striate.training.one_cycle import Cycle
from striate.training.preparation import Prepared
from striate.training.record import Outcome, RunRecord
from striate.training.report.gathering import facts, load_drawing_ahead, write_report
from striate.training.report.verdict import find_cure
from striate.training.result import TrainingResult
from striate.training.run_evaluation import evaluate_run
from striate.training.state import State
from striate.training.transfer import learn_head

Tensors = Mapping[str, torch.Tensor]

AGAIN = 0.5  # the peak of weights that are learnt on, as a share of the first peak


@dataclass(frozen=True)
class Extension:
    """How a finished run goes on.

    Attributes:
        epochs: in all; 0 where minutes end it.
        minutes: more; 0 where epochs end it.
    """

    epochs: int
    minutes: float


class TrainingRun:
    """A run under way, which goes through `run` once: learn, then evaluate and write."""

    def __init__(
        self,
        folder: RunFolder,
        record: RunRecord,
        module: nn.Module | None,
        worker: Worker,
        *,
        meter: Meter | None = None,
    ) -> None:
        self.folder, self.record, self._module = folder, record, module
        self._callback, self._stop, self._meter = worker.callback, worker.stop, meter
        self._held_out: list[EvaluatedImage] = []  # training images, in a head's cross-validation
        self._held: HeldOut | None = None  # the same, for how sure to be
        self._known: KnownFeatures | None = None  # where a head is learnt

    def tell(self, event: Event) -> None:
        """Pass an event on; while nothing is learnt yet, a wish to stop ends the run here."""
        self._callback(event)
        if self._stop.asked and self.record.status == "preparing":
            raise StoppedError(
                "stopped before anything was learnt, so there is no run to resume; give the same "
                "command again (features of a trained backbone that are computed already are kept)"
            )

    def say(self, text: str) -> None:
        """Say a decision and record it, once."""
        if text not in self.record.notes:
            self.record = replace(self.record, notes=(*self.record.notes, text))
            self.tell(Note(text))

    def _say_all(self, findings: Iterable[Finding | str]) -> None:
        for finding in findings:
            self.say(str(finding))

    def run(
        self,
        prepared: Prepared,
        begun: float,
        *,
        extension: Extension | None = None,
        learn: bool = True,
    ) -> TrainingResult:
        """Train, or end it where its checkpoint stands; evaluate, and write everything down."""
        plan = prepared.plan
        follows = prepared.follows or self.record.follows
        self.record = replace(self.record, plan=plan, follows=follows)
        if self._module is not None:
            check_module(self._module, plan.preprocess, len(plan.data.classes))
        if plan.recipe.lr_multipliers:
            load_drawing_ahead()
        with use_threads(plan.threads):
            with allocator.kept(), repeatable():
                state, epochs, interrupted = self._learn(prepared, begun, extension, learn)
            if learn and plan.in_steps and prepared.fabric.world_size == 1:
                self._measure_speed(prepared, epochs)
            return self._finish(prepared, state, epochs, interrupted)

    def _learn(
        self, prepared: Prepared, begun: float, extension: Extension | None, learn: bool
    ) -> tuple[State, list[Epoch], bool]:
        """Train until the cycle is over or a stop is asked for, writing checkpoints."""
        plan, backbone = prepared.plan, prepared.backbone
        module = self._module
        if module is None:
            drawn = backbone is None  # which brings all weights, with its head
            module = build(plan.network or "", seed=plan.recipe.seed if drawn else None)
        if backbone is None and (earlier := prepared.predecessor) is not None:
            known = earlier.model.classes
            hand_on(module, earlier.weights, earlier=known, now=plan.data.classes)
        module.to(prepared.fabric.device)
        if backbone is not None:
            self._learn_head(module, backbone, prepared)
        state = State(module, optimizer_for(module, plan.recipe))
        state.seconds = time.perf_counter() - begun
        if checkpoints.exists(self.folder.path):
            checkpoints.read(self.folder.path, state)
            self.tell(Note(f"going on after {state.epoch} epochs and {state.step} steps"))
        if backbone is not None:
            if not plan.in_steps:
                dismiss(prepared.fabric)
                state.keep_if_best(0.0, 0.0)  # the only state there is: nothing is to be chosen
                return state, [], False
            self._keep(state, prepared, "the head alone")  # fine-tuning may not better it
        cycle = self._cycle(state, prepared, extension)
        if not (state.epoch or state.step) and 0 < 60 * cycle.minutes <= state.seconds:
            raise RunError(
                f"{cycle.minutes:g} minutes were used up by reading and measuring "
                f"({format_duration(state.seconds)}); give more --minutes"
            )
        epochs = self.folder.read_epochs(state.epoch)
        monitoring = Monitoring(self.folder.path, prepared, state)
        self._say_all(monitoring.before(epochs))
        self.folder.write_epochs(epochs)
        saver = checkpoints.Saver(self.folder.path, state, self.say)
        self._begin(prepared, saver)
        request = self.record.request
        filming = film.begin(self.folder.path, request.settings.film, plan, state, self.say)
        cores = Crowding(plan, state, fixed=request.settings.threads is not None)
        hand_out(prepared, state, cycle, request=request, cache=self.folder.cache)
        steps = train(
            state,
            prepared.loaded.training,
            prepared.loaded.validation,
            preprocess=plan.preprocess,
            recipe=plan.recipe,
            cycle=cycle,
            fabric=prepared.fabric,
        )
        for event in steps if learn else ():
            self.tell(event)
            if isinstance(event, Epoch):
                epochs.append(event)
                self.folder.append_epoch(event)
                self._read_meter()
                filming.after(event)
                self._say_all((*monitoring.after(event, epochs), *cores.after_epoch(event, state)))
            saver.save_if_due()
            if stop_asked(prepared.fabric, self._stop.asked):
                break
        saver.save()
        self._say_all(monitoring.close(epochs))
        self.record = replace(self.record, health=monitoring.findings)
        complete = cycle.epochs > 0 and state.epoch >= cycle.first + cycle.epochs
        interrupted = (self._stop.asked or not learn) and not complete
        if not state.best:  # stopped within the first epoch; the checkpoint does not hold this
            self.say("stopped within the first epoch: the classifier is the state at that moment")
            self._keep(state, prepared, "this state")
        return state, epochs, interrupted

    def _begin(self, prepared: Prepared, saver: checkpoints.Saver) -> None:
        """Write down that training begins, and what the run then needs no other file for."""
        backbone, earlier = prepared.backbone, prepared.predecessor
        self.record = replace(self.record, status="training")
        if backbone is None and earlier is not None:  # before the record says so
            checkpoints.write_backbone(self.folder.path, {}, earlier.model.seen)
            saver.save()
        self.record.write(self.folder)
        if backbone is not None:
            checkpoints.write_backbone(self.folder.path, backbone.tensors, backbone.seen)
            saver.save()

    def _read_meter(self) -> None:
        """Write down what the run has taken, so that a kill loses an epoch of it at most."""
        if self._meter is not None:
            self.record = replace(self.record, energy=self._meter.so_far())
            self.record.write(self.folder)

    def _measure_speed(self, prepared: Prepared, epochs: list[Epoch]) -> None:
        """Say how fast the training went beside the most that this machine computes."""
        speed = autotune.measure_speed(prepared.plan, epochs)
        if speed is not None:
            self.record = replace(self.record, speed=speed)
            self.say(f"training went at {speed}")

    def _learn_head(self, module: nn.Module, backbone: Backbone, prepared: Prepared) -> None:
        """Let the network have its trained backbone, and learn its head."""
        training, plan, stream = prepared.loaded.training, prepared.plan, prepared.stream
        learnt, head, self._held, self._known = learn_head(
            module, backbone, training, plan=plan, stream=stream, say=self.say, callback=self.tell
        )
        # something is learnt: no stop throws it away now
        self.record = replace(self.record, head=learnt, status="training")
        self.record.write(self.folder)
        self._held_out = list_held_out(head, prepared)

    def _keep(self, state: State, prepared: Prepared, what: str) -> None:
        """Evaluate the present weights on validation, and keep them where they are the best."""
        validation, plan = prepared.loaded.validation, prepared.plan
        loss, accuracy = validate(
            state.module, validation, preprocess=plan.preprocess, recipe=plan.recipe
        )
        state.keep_if_best(accuracy, loss)
        self.say(
            f"{what} reaches {format_percent(accuracy)} accuracy on {len(validation.indices):,} "
            "validation images"
        )

    def _cycle(self, state: State, prepared: Prepared, extension: Extension | None) -> Cycle:
        """Return the cycle under way, beginning the first one or that of an extension."""
        plan, cycles = prepared.plan, self.record.cycles
        peak = plan.recipe.learning_rate
        if not cycles:
            trained = self.record.follows is not None and prepared.backbone is None
            peak *= AGAIN if trained else 1
            cycles = (Cycle(0, plan.epochs, plan.minutes, begun=0.0, peak=peak),)
        elif extension is not None:
            more = extension.epochs - state.epoch if extension.epochs else 0
            cycles = (
                *cycles,
                Cycle(state.epoch, more, extension.minutes, state.seconds, peak * AGAIN),
            )
        self.record = replace(self.record, cycles=cycles)
        return cycles[-1]

    def _finish(
        self, prepared: Prepared, state: State, epochs: list[Epoch], interrupted: bool
    ) -> TrainingResult:
        """Evaluate the best state, then write the classifier, the record and the report."""
        begun = time.perf_counter()
        before, known = self._start(prepared)
        loaded, settings = prepared.loaded, self.record.request.settings
        model = self._classifier(prepared, state, known)
        model = calibrate(model, self._held, loaded, settings=settings, say=self.say)
        chosen = select_evaluated(
            prepared.plan, loaded, known, selected=bool(self.record.cycles), say=self.say
        )
        evaluation, heard = evaluate_run(
            model, self._known, prepared, chosen, say=self.say, callback=self.tell
        )
        model = replace(model, metrics=_metrics(evaluation))
        model.save(self.folder.model)
        with report_write_errors(self.folder.answers):
            write_answers(self.folder.answers, evaluation.images)
        if said := count_training(self.folder.path, evaluation):
            self.say(said)
        answers = list_unlearnt(prepared, model, chosen, evaluation), self._held_out
        findings = look_at_images(prepared, evaluation, *answers, folder=self.folder, say=self.say)
        self.record = replace(
            self.record,
            status="interrupted" if interrupted else "finished",
            outcome=Outcome(state.epoch, state.best_epoch, round(state.seconds, 1), evaluation),
        )
        self.record.write(self.folder)
        self._read_meter()
        if not interrupted:
            shutil.rmtree(self.folder.cache, ignore_errors=True)
        shift = None if before is None else measure_filter_shift(before, state.best)
        if shift is not None:
            self.folder.write_shift(shift.as_json())
        own = load(self.folder.model, network=self._module)
        shown = facts(
            self.folder, self.record, loaded, epochs=epochs, model=own, moved=shift, maps=heard
        )
        write_report(self.folder, shown)
        if self.record.follows is not None:
            self._callback(report_answers(self.folder, self.record.follows, evaluation))
        energy = self.record.energy
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
                kwh=None if energy is None else energy.kwh,
                kg_co2e=None if energy is None else energy.kg_co2e,
                cure=find_cure(shown),
            )
        )
        history, health = History(tuple(epochs)), self.record.health
        return TrainingResult(
            own, evaluation, self.folder.path, history, interrupted, findings, health
        )

    def _classifier(
        self, prepared: Prepared, state: State, known: Mapping[str, np.ndarray]
    ) -> Classifier:
        """Return the best state as a classifier that has not been evaluated yet."""
        plan = prepared.plan
        best: nn.Module | Trained
        if self._module is None and plan.network is not None:
            best = Trained.of(plan.network, state.best)
        elif self._module is not None:
            self._module.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
            self._module.load_state_dict(state.best)
            best = self._module.eval()
        else:
            raise RunError("the run has neither the text of a network nor a torch module")
        return Classifier(
            network=best,
            text=plan.text,
            classes=plan.data.classes,
            preprocess=plan.preprocess,
            decision=Decision(taxonomy=plan.taxonomy),
            data={**self.record.request.data_as_json(), **plan.data.as_json()},
            training={
                "backbone": None if plan.transfer is None else plan.transfer.backbone,
                "in_steps": plan.in_steps,
                "recipe": plan.recipe.as_json(),
                "epochs": state.epoch,
                "best_epoch": state.best_epoch,
            },
            seen=self._seen(prepared, known),
        )

    def _start(self, prepared: Prepared) -> tuple[Tensors | None, Mapping[str, np.ndarray]]:
        """Return what fine-tuning began with, None without it, and what was used before the run."""
        if prepared.backbone is not None:
            tensors = prepared.backbone.tensors if prepared.plan.in_steps else None
            return tensors, prepared.backbone.seen
        tuned = bool(prepared.plan.recipe.lr_multipliers)
        begun = tuned or self.record.follows is not None
        kept = checkpoints.read_backbone(self.folder.path) if begun else None
        return (None, {}) if kept is None else (kept[0] or None, kept[1])

    def _seen(self, prepared: Prepared, known: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the hashes of what was learnt from and chosen by, here and before (`known`)."""
        hashes, split = prepared.loaded.images.hashes, prepared.loaded.split
        seen = {"train": hashes[split.train]}
        if self.record.cycles:
            seen["val"] = hashes[split.val]
        for part, more in known.items():
            seen[part] = np.union1d(seen.get(part, more), more)
        return seen


def _metrics(evaluation: Evaluation) -> JsonObject:
    """Return what the classifier's file holds of an evaluation."""
    values = evaluation.as_json()
    return {name: values[name] for name in values if name not in ("worst", "classes")}
