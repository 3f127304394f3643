"""What `striate experiment` does: trial after trial, then the table and the image."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from striate.backends.threads import default_threads, use_threads
from striate.data import format_count
from striate.errors import RunError
from striate.evaluation.metrics.student_t import compute_mean
from striate.events import Callback, Event, Note, Progress
from striate.model.run_folder import RunFolder
from striate.teaching.experiments import (
    activation,
    depth,
    dropout,
    filters,
    initialisation,
    pooling,
    shuffle,
    stride,
    transfer,
    translation,
)
from striate.teaching.experiments.design import Design, Given
from striate.teaching.experiments.effort import Effort, check_name
from striate.teaching.experiments.experiment_folder import (
    Ledger,
    TrialSettings,
    open_ledger,
    write_file,
)
from striate.teaching.experiments.experiment_images import Material, gather_images
from striate.teaching.experiments.experiment_plot import draw_experiment
from striate.teaching.experiments.experiment_result import (
    ComparedNetwork,
    Experiment,
    Measure,
    Outcome,
    Point,
)
from striate.teaching.experiments.measured_trial import (
    run_activation,
    run_dropout,
    run_initialisation,
)
from striate.teaching.experiments.transfer_trial import TransferTrials
from striate.teaching.experiments.trial import Trial, choose_epochs, run_trial
from striate.teaching.experiments.trial_result import Found
from striate.terminal.ctrl_c import Stop, stop_on_ctrl_c
from striate.terminal.progress_display import display_progress

DESIGNS: Mapping[str, Callable[[Given], Design]] = {
    "translation": translation.make_design,
    "shuffle": shuffle.make_design,
    "depth": depth.make_design,
    "filters": filters.make_design,
    "pooling": pooling.make_design,
    "stride": stride.make_design,
    "activation": activation.make_design,
    "initialisation": initialisation.make_design,
    "dropout": dropout.make_design,
    "transfer": transfer.make_design,
}
Run = Callable[[Trial], Found]
TRIALS: Mapping[str, Callable[[], AbstractContextManager[Run]]] = {
    "activation": lambda: nullcontext(run_activation),
    "initialisation": lambda: nullcontext(run_initialisation),
    "dropout": lambda: nullcontext(run_dropout),
    "transfer": TransferTrials,
}
"""How one training of an experiment is done, where more is measured than accuracy."""

MOST = {"shuffle": 300, "dropout": 200}  # images to learn from, unless told otherwise
USUAL = 5000
SMALL = 2_000_000  # multiply-accumulates for one image, up to which one thread is faster


def experiment(
    name: str,
    data: str | Path = "digits",
    *,
    effort: Effort | None = None,
    out: str | Path | None = None,
    progress: bool | None = None,
    callback: Callback | None = None,
    threads: int | None = None,
) -> Experiment:
    """Return what came of one of the ideas behind convolutional networks, seen to happen.

    "translation" moves the test images, "shuffle" shuffles the pixels, "depth" and "filters"
    compare networks of like size, "pooling", "stride", "activation", "initialisation" and
    "dropout" one thing each with nothing else changed, and "transfer" layers that learnt
    something else with a network from scratch. The same call goes on where an earlier one was
    stopped.

    Args:
        name: which one.
        data: what `train` takes.
        effort: how much is done.
        out: the folder for the numbers and the image; None takes runs/experiment-NAME.
        progress: whether it is shown how far the work is; None shows it in a terminal or a
            notebook, unless a callback is told instead.
        callback: is told every event.
        threads: CPU threads; None takes one where networks are so small that two would wait for
            each other, else torch's own number.

    Returns:
        The networks, the accuracies with their intervals, and what is seen.

    Raises:
        StriateError: one of its children, saying what is wrong with the name, the data, a number
            or the folder.

    Example: ``print(experiment("shuffle"))``.
    """
    name = check_name(name)
    effort = effort or Effort()
    effort.check()
    most = effort.images or MOST.get(name, USUAL)
    with stop_on_ctrl_c() as stop, display_progress(progress, callback) as tell:
        material = gather_images(
            data, most=most, size=effort.image_size, callback=tell, check=DESIGNS[name]
        )
        design = DESIGNS[name](material.describe_shape())
        learning = len(material.split(0).train)
        epochs = effort.epochs or choose_epochs(learning)
        ledger = open_ledger(_describe_settings(name, design, material, epochs), out)
        if not ledger.path.exists():
            ledger.write()  # which makes the folder
        with RunFolder(ledger.path.parent).held():
            work = _Work(design, material, ledger, epochs, tell, stop)
            doing = TRIALS.get(name, lambda: nullcontext(run_trial))()
            with use_threads(threads or choose_threads(design.networks)), doing as run:
                done = work.run_seeds(effort.seeds, run)
            result = _gather_result(name, design, material, ledger, epochs, seeds=done)
            result = replace(result, interrupted=len(done) < effort.seeds)
            ledger.write(result)
            for path, content in draw_experiment(result, material).items():
                write_file(path, content)
    return result


def choose_threads(networks: Sequence[ComparedNetwork]) -> int:
    """Choose the CPU threads: one for small networks, else torch's own number.

    On digits a training of twelve layers of 32 units took 0.8 s on one thread, 5.2 s on two.
    """
    largest = max(network.macs for network in networks)
    return 1 if largest <= SMALL else default_threads()


class _Stopped(Exception):
    """A trial was ended by Ctrl-C."""


class _Work:
    """The trials of an experiment, one after the other."""

    def __init__(
        self,
        design: Design,
        material: Material,
        ledger: Ledger,
        epochs: int,
        callback: Callback,
        stop: Stop,
    ) -> None:
        self._design, self._material, self._ledger = design, material, ledger
        self._epochs, self._callback, self._stop = epochs, callback, stop
        self._begun, self._did = time.monotonic(), 0.0

    def run_seeds(self, seeds: int, run: Run) -> tuple[int, ...]:
        """Do what is not done yet; give the seeds of which all trials are.

        Args:
            seeds: how many.
            run: does one training.
        """
        planned = [
            (seed, network, way)
            for seed in range(seeds)
            for network in self._design.networks
            for way in self._design.ways
        ]
        left = [
            each
            for each in planned
            if self._ledger.key(each[0], each[1].name, each[2]) not in self._ledger.trials
        ]
        if len(left) < len(planned):
            self._callback(
                Note(
                    f"{format_count(len(planned) - len(left), 'training')} of {len(planned)} "
                    f"are there already, in {self._ledger.path}"
                )
            )
        try:
            for number, (seed, network, way) in enumerate(left):
                stage = f"{len(planned) - len(left) + number + 1}/{len(planned)} {network.name}"
                stage += f" {way}".rstrip() + f", seed {seed}"
                found = run(
                    Trial(
                        self._design,
                        network,
                        way,
                        self._material,
                        seed,
                        self._epochs,
                        self._make_callback(stage, number, len(left)),
                    )
                )
                self._ledger.keep(self._ledger.key(seed, network.name, way), found)
                shares = ", ".join(f"{100 * each.share:.1f}" for each in found.scores)
                self._callback(Note(f"{stage}: {shares} % right"))
        except _Stopped:
            pass
        missing = {
            seed
            for seed, network, way in planned
            if self._ledger.key(seed, network.name, way) not in self._ledger.trials
        }
        done = tuple(seed for seed in range(seeds) if seed not in missing)
        if not done:
            raise RunError(
                f"stopped before all networks were trained from one seed; "
                f"{format_count(len(self._ledger.trials), 'training')} of {len(planned)} are kept "
                f"in {self._ledger.path.parent}, and the same command goes on"
            )
        return done

    def _make_callback(self, stage: str, number: int, total: int) -> Callback:
        """Return what a trial tells its progress to; it ends the trial where that is asked for."""

        def tell(event: Event) -> None:
            if self._stop.asked:
                raise _Stopped
            if isinstance(event, Progress):
                of = event.total * (event.epochs or self._epochs)
                done = event.total * (event.epoch - 1) + event.done
                share = number + done / of
                spent = time.monotonic() - self._begun
                self._callback(
                    Progress(stage, done, of, event.rate, spent * (total - share) / share)
                )

        return tell


def _describe_settings(name: str, design: Design, material: Material, epochs: int) -> TrialSettings:
    return TrialSettings(
        experiment=name,
        data=Path(material.collection.source).name,
        fingerprint=material.fingerprint,
        epochs=epochs,
        networks={each.name: each.text for each in design.networks},
        ways=design.ways,
    )


def _gather_result(
    name: str,
    design: Design,
    material: Material,
    ledger: Ledger,
    epochs: int,
    *,
    seeds: tuple[int, ...],
) -> Experiment:
    """Put the trials of whole seeds together."""
    points, measures, remarks = list[Point](), list[Measure](), list[str]()
    for network in design.networks:
        for way in design.ways:
            trials = [ledger.trials[ledger.key(seed, network.name, way)] for seed in seeds]
            remarks += [remark for trial in trials for remark in trial.remarks]
            for number, first in enumerate(trials[0].scores):
                shares = tuple(trial.scores[number].share for trial in trials)
                mean = compute_mean(shares)
                points.append(Point(network.name, first.condition, first.across, shares, mean))
            values: dict[tuple[str, float], list[float]] = {}
            for trial in trials:
                for each in trial.measured:
                    values.setdefault((each.name, each.across), []).append(each.value)
            measures += [
                Measure(network.name, way, what, across, tuple(found), compute_mean(found))
                for (what, across), found in values.items()
            ]
    outcome = Outcome(tuple(points), tuple(measures))
    return Experiment(
        name=name,
        question=design.question,
        data=material.describe(),
        seeds=seeds,
        epochs=epochs,
        networks=design.networks,
        points=outcome.points,
        findings=(*design.conclude(outcome), *dict.fromkeys(remarks)),
        folder=str(ledger.path.parent),
        interrupted=False,
        measures=outcome.measures,
    )
