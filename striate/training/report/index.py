"""The index page of a folder of runs: each with its headline and a link to its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from striate.errors import RunError
from striate.evaluation.metrics import Evaluation
from striate.model.run_folder import RunFolder, write_text
from striate.render.page import page
from striate.training.record import RunRecord

INDEX = "index.html"


@dataclass(frozen=True)
class ListedRun:
    """A run as an index lists it.

    Attributes:
        name: of its folder.
        href: of its report, as seen from the index; "" where it has none.
        data: what it was trained on, in a word.
        network: what was trained, in a few words.
        started: when: date, hour and minute.
        seconds: it took; None where it is not over.
        evaluation: what came of it; None where it is not over.
        remark: what has to be known of it besides; "" as a rule.
    """

    name: str
    href: str
    data: str = ""
    network: str = ""
    started: str = ""
    seconds: float | None = None
    evaluation: Evaluation | None = None
    remark: str = ""


@dataclass(frozen=True)
class Index:
    """A folder of runs.

    Attributes:
        title: its name.
        runs: every run, in the order of the page.
    """

    title: str
    runs: Sequence[ListedRun]

    @property
    def groups(self) -> Mapping[str, Sequence[ListedRun]]:
        """The runs that are over, by their data: the most accurate first."""
        groups: dict[str, list[ListedRun]] = {}
        for run in self.runs:
            if run.evaluation is not None:
                groups.setdefault(run.data, []).append(run)
        return groups

    @property
    def open(self) -> Sequence[ListedRun]:
        """The runs that are not over, or cannot be read."""
        return [run for run in self.runs if run.evaluation is None]


def write_index(folder: Path, runs: Sequence[Path]) -> Path:
    """Write index.html into a folder of runs, from what these have recorded.

    Args:
        folder: in which they are.
        runs: their folders, from `striate.model.run_folder.find_runs`.

    Returns:
        The page.

    Raises:
        RunError: it cannot be written.

    Example: ``write_index(Path("runs"), find_runs(Path("runs")))``.
    """
    listed = sorted(map(_list, runs), key=_order)
    index = Index(folder.resolve().name, listed)
    sections = {"runs": "The runs", "open": "Not finished"}
    if not index.open:
        del sections["open"]
    opening = "training/report/templates/index.html"
    path = folder / INDEX
    write_text(path, page(f"{index.title}: runs", opening, sections, index))
    return path


def _order(run: ListedRun) -> tuple[str, float, str]:
    return run.data, 0.0 if run.evaluation is None else -run.evaluation.accuracy, run.name


def _list(path: Path) -> ListedRun:
    folder = RunFolder(path)
    href = f"{quote(path.name)}/{quote(folder.report.name)}" if folder.report.is_file() else ""
    try:
        record, _ = RunRecord.read_known(folder)
    except RunError as error:
        return ListedRun(path.name, href, remark=str(error))
    plan, outcome = record.plan, record.outcome
    remarks = [finding.name for finding in record.health]
    if record.status != "finished":
        remarks.append(record.status)
    return ListedRun(
        name=path.name,
        href=href,
        data=Path(record.request.source).name if plan is None else plan.data.name,
        network=_describe(record),
        started=record.started[:16].replace("T", " "),
        seconds=None if outcome is None else outcome.seconds,
        evaluation=None if outcome is None else outcome.evaluation,
        remark=", ".join(remarks),
    )


def _describe(record: RunRecord) -> str:
    plan = record.plan
    if plan is None:
        return ""
    if plan.transfer is not None:
        tuned = ", fine-tuned" if plan.in_steps else ""
        return f"head on {Path(plan.transfer.pretrained).name}{tuned}"
    if plan.network is None:
        return "a torch module"
    return plan.network.network.name or "a network of its own"
