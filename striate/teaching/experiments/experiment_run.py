"""What `striate experiment` does: trial after trial, then the table and the image."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from striate.data import format_count
from striate.errors import RunError
from striate.evaluation.metrics.student_t import compute_mean
from striate.events import Callback, Event, Note, Progress
from striate.model.run_folder import RunFolder
from striate.teaching.experiments import depth, filters, shuffle, translation
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
from striate.teaching.experiments.experiment_result import Experiment, Point
from striate.teaching.experiments.trial import choose_epochs, run_trial
from striate.terminal.ctrl_c import Stop, stop_on_ctrl_c
from striate.terminal.progress_display import display_progress

DESIGNS: Mapping[str, Callable[[Given], Design]] = {
    "translation": translation.make_design,
    "shuffle": shuffle.make_design,
    "depth": depth.make_design,
    "filters": filters.make_design,
}
MOST = {"shuffle": 300}  # images to learn from, unless told otherwise
USUAL = 5000


def experiment(
    name: str,
    data: str | Path = "digits",
    *,
    effort: Effort | None = None,
    out: str | Path | None = None,
    progress: bool | None = None,
    callback: Callback | None = None,
) -> Experiment:
    """Return what came of one of the ideas behind convolutional networks, seen to happen.

    "translation" moves the test images, "shuffle" shuffles the pixels, "depth" and "filters"
    compare networks of like size. The same call goes on where an earlier one was stopped.

    Args:
        name: which one.
        data: what `train` takes.
        effort: how much is done.
        out: the folder for the numbers and the image; None takes runs/experiment-NAME.
        progress: whether it is shown how far the work is; None shows it in a terminal or a
            notebook, unless a callback is told instead.
        callback: is told every event.

    Returns:
        The networks, the accuracies with their intervals, and what is seen.

    Raises:
        StriateError: one of its children, saying what is wrong with the name, the data, a number
            or the folder.

    Example: ``print(experiment("shuffle"))``.
    """
    check_name(name)
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
            done = work.run_seeds(effort.seeds)
            result = _gather_result(name, design, material, ledger, epochs, seeds=done)
            result = replace(result, interrupted=len(done) < effort.seeds)
            ledger.write(result)
            for path, content in draw_experiment(result, material).items():
                write_file(path, content)
    return result


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

    def run_seeds(self, seeds: int) -> tuple[int, ...]:
        """Do what is not done yet; give the seeds of which all trials are."""
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
                found = run_trial(
                    self._design,
                    network,
                    way,
                    material=self._material,
                    seed=seed,
                    epochs=self._epochs,
                    callback=self._make_callback(stage, number, len(left)),
                )
                self._ledger.keep(self._ledger.key(seed, network.name, way), found)
                shares = ", ".join(f"{100 * share:.1f}" for _, share in found.values())
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
                of = event.total * self._epochs
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
    points = []
    for network in design.networks:
        for way in design.ways:
            trials = [ledger.trials[ledger.key(seed, network.name, way)] for seed in seeds]
            for condition, (across, _) in trials[0].items():
                shares = tuple(trial[condition][1] for trial in trials)
                points.append(Point(network.name, condition, across, shares, compute_mean(shares)))
    return Experiment(
        name=name,
        question=design.question,
        data=material.describe(),
        seeds=seeds,
        epochs=epochs,
        networks=design.networks,
        points=tuple(points),
        findings=design.conclude(points),
        folder=str(ledger.path.parent),
        interrupted=False,
    )
