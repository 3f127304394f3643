"""The same run with several seeds: how much of its accuracy is luck.

One run has the luck of its split, of the weights it began with and of the order of its images. The
mean over seeds has less of it, and the interval says how much is left. Source: Bouthillier and
others 2021, https://arxiv.org/abs/2103.03098.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

from torch import nn

from striate.data import Data, find, source_of
from striate.errors import RunError, StoppedError
from striate.evaluation.metrics import Evaluation
from striate.evaluation.metrics.student_t import compute_mean
from striate.events import Callback, Note, Seeds, ignore
from striate.model.run_folder import (
    SEEDS,
    RunFolder,
    find_runs,
    make_run_folder,
    write_text,
)
from striate.settings import Settings, SettingsDict, make_settings
from striate.settings.texts import check_seeds
from striate.terminal.progress_display import display_progress
from striate.terminal.units import format_percent
from striate.training.backbone_choice import name_backbone
from striate.training.follow_up.predecessor import is_changed
from striate.training.plan import Request
from striate.training.preparation import check
from striate.training.record import Outcome, RunRecord
from striate.training.report.index import write_index
from striate.training.runs import Network, make_request, resume, start_run


@dataclass(frozen=True)
class SeedsResult:
    """What came of the same run with several seeds.

    Attributes:
        folder: holds a folder a run, seed-0, seed-1, ..., each with its classifier and report, and
            index.html, which lists them.
        seeds: in order.
        evaluations: of each run, on what it held out.
        told: accuracy over the seeds, its mean with the 95 % interval of Student's t.
    """

    folder: Path
    seeds: tuple[int, ...]
    evaluations: tuple[Evaluation, ...]
    told: Seeds

    def __repr__(self) -> str:
        told = self.told
        return (
            f"SeedsResult in {self.folder}: accuracy {format_percent(told.mean)} on average over "
            f"{len(self.seeds)} seeds (95 % interval {format_percent(told.low)} to "
            f"{format_percent(told.high)})"
        )


def train_seeds(
    data: Data,
    network: Network = None,
    *,
    seeds: int = 5,
    out: str | Path | None = None,
    callback: Callback | None = None,
    progress: bool | None = None,
    **settings: Unpack[SettingsDict],
) -> SeedsResult:
    """Train with several seeds, one after the other, and say what the accuracy is on average.

    Every seed makes its own split where the data has none, its own weights and its own order.

    Args:
        data: as for `train`.
        network: as for `train`.
        seeds: how many, from `seed` (0 where that is left out) upwards.
        out: a folder for all of them; None takes runs/NAME.
        callback: is told every event of every run, and at last `Seeds`.
        progress: as for `train`.
        **settings: as for `train`.

    Raises:
        StriateError: as `train` does, and where there are fewer than three seeds.
        StoppedError: Ctrl-C ended it; `resume_seeds` goes on with what is left.

    Example: ``train_seeds("photos", seeds=5).told.mean``.
    """
    with display_progress(progress, callback) as tell:
        made = make_settings(settings)
        return start_seeds(data, network, seeds=seeds, out=out, settings=made, callback=tell)


def start_seeds(
    data: Data,
    network: Network = None,
    *,
    seeds: int,
    out: str | Path | None = None,
    settings: Settings,
    callback: Callback = ignore,
) -> SeedsResult:
    """Begin the runs and see them through; arguments as for `train_seeds`."""
    check_seeds(seeds)
    check(settings)
    request = make_request(data, network, settings)
    folder = make_run_folder(out, source_of(data))
    if folder.instead_of is not None:
        callback(Note(f"{folder.instead_of} exists, so these runs go to {folder.path}"))
    chosen = tuple(range(settings.seed, settings.seed + seeds))
    told = {"seeds": chosen, "request": request.as_json()}
    write_text(folder.path / SEEDS, json.dumps(told, indent=1) + "\n")
    return _carry_out(folder.path, data, network, request, chosen, callback)


def resume_seeds(
    folder: str | Path,
    *,
    data: Data | None = None,
    network: nn.Module | None = None,
    callback: Callback | None = None,
    progress: bool | None = None,
) -> SeedsResult:
    """Go on where `train_seeds` was stopped: with the run under way, then with those not begun.

    Args:
        folder: that holds the runs.
        data: where the images are now, if they have moved or were given in memory.
        network: the torch module, where the runs were started with one.
        callback: as for `train_seeds`.
        progress: as for `train`.

    Raises:
        RunError: it is no such folder, the module is missing, or the images are other ones.
    """
    path = Path(folder)
    try:
        told = json.loads((path / SEEDS).read_text(encoding="utf-8"))
        request, seeds = Request.from_json(told["request"]), tuple(map(int, told["seeds"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"'{path / SEEDS}' cannot be used: {error}") from error
    if request.is_module and network is None:
        raise RunError(
            f"'{path}' was started with a torch module, whose code is not in the folder; give it: "
            "striate.training.seeds.resume_seeds(folder, network=module)"
        )
    if data is not None:
        _check_unchanged(path, data, request.settings, seeds)
    given: Network = network
    if not request.is_module and request.from_scratch:
        given = request.network or "compact"
    source: Data = request.source if data is None else data
    with display_progress(progress, callback) as tell:
        return _carry_out(path, source, given, request, seeds, tell)


def _check_unchanged(folder: Path, data: Data, settings: Settings, seeds: Sequence[int]) -> None:
    """Refuse images other than those of the seeds that have begun, by names and classes.

    Raises:
        RunError: they are.
    """
    for run in (RunFolder(folder / f"seed-{seed}") for seed in seeds):
        if not run.split.is_file():
            continue
        found = find(
            data,
            layout=settings.layout,
            zip_encoding=settings.zip_encoding,
            fixes=run.find_fixes(settings.fixes),
        )
        if is_changed(run, found):
            raise RunError(
                f"the images of '{found.source}' are not those of '{folder}', whose seeds all "
                "learn from the same; put them back, or once one is finished go on from it: "
                f"striate train DATA --resume {run.path}"
            )
        return


def _carry_out(
    folder: Path,
    data: Data,
    network: Network,
    request: Request,
    seeds: Sequence[int],
    callback: Callback,
) -> SeedsResult:
    """See each run through that is not finished yet, and put their figures together."""
    outcomes = []
    for place, seed in enumerate(seeds, 1):
        run = folder / f"seed-{seed}"
        if _outcome_of(run) is None:
            callback(Note(f"seed {seed}, run {place} of {len(seeds)}"))
            if run.exists():
                module = network if isinstance(network, nn.Module) else None
                resume(run, data=data, network=module, callback=callback)
            else:
                given, settings = _take_choices(folder, network, request, seeds)
                settings = replace(settings, seed=seed)
                with contextlib.suppress(StoppedError):  # whose words know of no other runs
                    start_run(data, given, out=run, settings=settings, callback=callback)
        outcome = _outcome_of(run)
        if outcome is None:
            raise StoppedError(
                f"stopped in run {place} of {len(seeds)}; go on with "
                f"striate train --resume {folder}"
            )
        outcomes.append(outcome)
    evaluations = tuple(outcome.evaluation for outcome in outcomes)
    found = compute_mean([each.accuracy for each in evaluations])
    told = Seeds(
        folder=folder,
        seeds=tuple(seeds),
        accuracies=tuple(each.accuracy for each in evaluations),
        mean=found.mean,
        low=max(0.0, found.low),
        high=min(1.0, found.high),
        n=tuple(each.n for each in evaluations),
        evaluated=evaluations[0].evaluated,
        seconds=sum(outcome.seconds for outcome in outcomes),
    )
    write_index(folder, find_runs(folder))
    callback(told)
    return SeedsResult(folder, tuple(seeds), evaluations, told)


def _take_choices(
    folder: Path, network: Network, request: Request, seeds: Sequence[int]
) -> tuple[Network, Settings]:
    """Return what the next run is asked for: what the first chose by itself holds for all.

    Else another version, a backbone that is at hand by now, or a processor that is busy with
    something else would make a difference that looks like one of the seeds.
    """
    settings = request.settings
    first = folder / f"seed-{seeds[0]}"
    plan = RunRecord.read(RunFolder(first)).plan if first.exists() else None
    if plan is None:
        return network, settings
    settings = replace(settings, threads=settings.threads or plan.threads)
    if plan.transfer is None:
        size = (plan.preprocess.height, plan.preprocess.width)
        settings = replace(settings, image_size=size)
        network = network if request.from_scratch else "compact"
    if plan.transfer is not None:
        name = settings.pretrained or name_backbone(plan.transfer)
        settings = replace(settings, pretrained=name)
    if not plan.in_steps:
        usual = Settings()  # older requests hold other defaults, which a head refuses
        left = {each: getattr(usual, each) for each in settings.for_steps()}
        return network, replace(settings, **left)
    recipe = plan.recipe
    return network, replace(
        settings,
        epochs=plan.epochs or None,
        batch_size=recipe.batch_size,
        learning_rate=recipe.learning_rate,
        precision=str(recipe.precision).replace(" ", "-"),
    )


def _outcome_of(run: Path) -> Outcome | None:
    """Return what came of a run; None where it is not finished."""
    if not run.exists():
        return None
    record = RunRecord.read(RunFolder(run))
    return record.outcome if record.status == "finished" else None
