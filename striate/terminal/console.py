"""Long work on a person's screen: decisions as lines, epochs as a table, progress as a bar."""

from __future__ import annotations

import sys
import time
from types import TracebackType

import rich.console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from striate.events import Changed, Done, Epoch, Estimate, Event, Note, Seeds
from striate.events import Progress as Step
from striate.terminal.escape import escape_controls
from striate.terminal.next_steps import command, format_steps
from striate.terminal.units import format_duration, format_energy, format_mass, format_percent
from striate.terminal.wrapping import WIDEST, wrap

QUIET = 30.0  # seconds without a line after which one says how far the work is
HEADER = "  epoch  train loss  val loss  val accuracy  images/s   time left"
NAMED = 5  # images whose answer changed, of each kind
BAR, BESIDE = 30, 62  # columns of the bar, and of what stands beside it


class Console:
    """Shows the events of a run; call it with each. Used as a context manager.

    On a terminal a bar moves, and texts are broken at words to its width; elsewhere (a file, a
    pipe) only whole lines are written. All of it goes to standard error, so that standard output
    holds results alone.
    """

    def __init__(self, console: rich.console.Console | None = None) -> None:
        self._console = console or rich.console.Console(file=sys.stderr, highlight=False)
        wide = min(self._console.width, WIDEST)
        self._width = wide if self._console.is_terminal else sys.maxsize
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=max(5, min(BAR, self._console.width - BESIDE))),
            TextColumn("{task.fields[amount]}"),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._stage = ""
        self._headed = False
        self._told = time.monotonic()

    def __enter__(self) -> Console:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Note():
                self._line(escape_controls(event.text, lines=True), bullet="- ")
            case Step():
                self._step(event)
            case Epoch():
                self._epoch(event)
            case Changed():
                self._changed(event)
            case Done():
                self._done(event)
            case Estimate():
                self._estimate(event)
            case Seeds():
                self._seeds(event)

    def _line(self, text: str, *, bullet: str = "", strong: int = 0, style: str = "") -> None:
        """Print a text, broken at words; of its beginning so many letters are bold."""
        shown = Text(wrap(text, self._width, first=bullet), style=style)
        shown.stylize("dim", 0, len(bullet))
        shown.stylize("bold", len(bullet), len(bullet) + strong)
        self._console.print(shown, soft_wrap=True)

    def _step(self, step: Step) -> None:
        stage = f"{step.stage} {step.epoch or ''}".strip()
        if step.epochs:
            stage += f"/{step.epochs}"
        if self._task is None or stage != self._stage:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(stage, total=step.total, amount="", rate="", left="")
            self._stage = stage
        left = "" if step.seconds_left is None else f"{format_duration(step.seconds_left)} left"
        if not self._console.is_terminal:
            self._now_and_then(", ".join(filter(None, (f"{stage}: {format_amount(step)}", left))))
            return
        self._bar.update(
            self._task,
            completed=step.done,
            total=step.total or None,
            amount=format_amount(step),
            rate=format_rate(step),
            left=left,
        )

    def _now_and_then(self, text: str) -> None:
        """Write a line where half a minute has passed since the last one."""
        now = time.monotonic()
        if now - self._told >= QUIET:
            self._told = now
            self._line(text)

    def _epoch(self, epoch: Epoch) -> None:
        if not self._headed:
            self._line(HEADER, strong=len(HEADER))
            self._headed = True
        number = f"{epoch.epoch}/{epoch.epochs}" if epoch.epochs else str(epoch.epoch)
        self._line(
            f"{number:>7} {epoch.train_loss:11.4f} {epoch.val_loss:9.4f} "
            f"{format_percent(epoch.val_accuracy):>13} {epoch.images_per_second:9,.0f} "
            f"{format_duration(epoch.seconds_left):>11}{'  best so far' if epoch.best else ''}",
            style="green" if epoch.best else "",
        )

    def _estimate(self, estimate: Estimate) -> None:
        self._end_bar()
        self._line("")
        self._line(
            f"the whole run would take about {format_duration(estimate.seconds)}"
            f"{_describe_energy(estimate)} on this machine",
        )
        for name, seconds in estimate.parts.items():
            epochs = estimate.epochs if name == "training" else 0
            told = f"   {epochs:,} epoch{'' if epochs == 1 else 's'}" if epochs else ""
            self._line(f"  {name:<22}{format_duration(seconds):>12}{told}")
        self._line("nothing was learnt and no run begun; leave --estimate out to begin it")

    def _seeds(self, seeds: Seeds) -> None:
        self._end_bar()
        self._line("")
        first = describe_seeds(seeds)
        self._line(first, strong=first.index(" ("))
        width = max(len(f"seed-{seed}") for seed in seeds.seeds)
        for seed, accuracy in zip(seeds.seeds, seeds.accuracies, strict=True):
            self._line(f"  {f'seed-{seed}':<{width}}  {format_percent(accuracy)}")
        self._line("each is a whole run; any of them will do: the best would be the luckiest")
        steps = [("open it", str(seeds.folder / "index.html"))]
        self._console.print(Text(format_steps(steps)), soft_wrap=True)

    def _end_bar(self) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None

    def _changed(self, changed: Changed) -> None:
        self._end_bar()
        self._line("")
        for line in describe_changes(changed):
            self._line(line)

    def _done(self, done: Done) -> None:
        self._end_bar()
        self._headed = False
        first, second = describe_end(done)
        self._line("")
        self._line(first, strong=first.index(" ("))
        self._line(second)
        steps = [("open it", str(done.report)), ("classifier", str(done.model))]
        if done.interrupted:
            steps.append(("go on with", command("train", "--resume", done.run)))
        if done.cure:
            steps.append(("next", done.cure))
        else:
            steps.append(("next", command("predict", done.run, "IMAGES")))
            steps.append(("", command("explain", done.run, "IMAGE")))
        self._console.print(Text(format_steps(steps)), soft_wrap=True)


def describe_end(done: Done) -> tuple[str, str]:
    """Describe how a run ended: its accuracy, and what it took."""
    stopped = "Stopped early, with the best state so far: " if done.interrupted else ""
    accuracy = (
        f"{stopped}accuracy {format_percent(done.accuracy)} (95 % interval "
        f"{format_percent(done.accuracy_low)} to {format_percent(done.accuracy_high)}) on "
        f"{escape_controls(done.evaluated)}"
    )
    taken = f"after {format_duration(done.seconds)}{_describe_energy(done)}"
    return accuracy, f"{taken}; everything is in {escape_controls(str(done.run))}"


def describe_changes(changed: Changed) -> list[str]:
    """Describe what a run that went on from another one changed, a line a thing."""
    lines = [f"beside {changed.earlier.name}: {changed.images}"]
    if changed.accuracy_before is None or changed.accuracy_now is None:
        return [*lines, "no image was evaluated both times, so answers cannot be compared"]
    lines.append(
        f"{format_percent(changed.accuracy_before)} before, {format_percent(changed.accuracy_now)} "
        f"now on the {changed.n:,} images that both were evaluated on: "
        f"{changed.became_right_n:,} became right, {changed.became_wrong_n:,} became wrong"
    )
    lines.append(changed.words)
    for what, names, n in (
        ("became right", changed.became_right, changed.became_right_n),
        ("became wrong", changed.became_wrong, changed.became_wrong_n),
    ):
        if names:
            more = f" and {n - NAMED:,} more" if n > NAMED else ""
            lines.append(f"{what}: {', '.join(names[:NAMED])}{more}")
    return [escape_controls(line) for line in lines]


def describe_seeds(seeds: Seeds) -> str:
    """Describe what the accuracy is on average, and how sure that is."""
    low, high = format_percent(seeds.low), format_percent(seeds.high)
    return (
        f"accuracy {format_percent(seeds.mean)} on average over {len(seeds.seeds)} seeds "
        f"(95 % interval of the average {low} to {high})"
    )


def _describe_energy(event: Done | Estimate) -> str:
    """Describe what electricity that is, where it was measured."""
    if event.kwh is None or event.kg_co2e is None:
        return ""
    return f" and {format_energy(event.kwh)} ({format_mass(event.kg_co2e)} of CO2e)"


def format_amount(step: Step) -> str:
    """Describe how much of how much is done; a total of 0 is one that is not known."""
    if step.unit == "bytes":
        of = f"/{step.total / 1e6:,.1f}" if step.total else ""
        return f"{step.done / 1e6:,.1f}{of} MB"
    return f"{step.done:,}/{step.total:,} {step.unit}"


def format_rate(step: Step) -> str:
    """Describe how fast it goes; "" where that is not known yet."""
    if not step.rate:
        return ""
    return f"{step.rate / 1e6:,.1f} MB/s" if step.unit == "bytes" else f"{step.rate:,.0f}/s"
