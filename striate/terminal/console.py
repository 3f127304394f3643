"""Long work on a person's screen: decisions as lines, epochs as a table, progress as a bar."""

from __future__ import annotations

import sys
import time
from types import TracebackType

import rich.console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from striate.events import Done, Epoch, Estimate, Event, Note
from striate.events import Progress as Step
from striate.terminal.escape import escape_controls
from striate.terminal.units import format_duration, format_energy, format_mass, format_percent

QUIET = 30.0  # seconds without a line after which one says how far the work is
HEADER = "  epoch    train loss   val loss   val accuracy   images/s   time left"


class Console:
    """Shows the events of a run; call it with each. Used as a context manager.

    On a terminal a bar moves; elsewhere (a file, a pipe) only whole lines are written. All of
    it goes to standard error, so that standard output holds results alone.
    """

    def __init__(self, console: rich.console.Console | None = None) -> None:
        self._console = console or rich.console.Console(file=sys.stderr, highlight=False)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
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
                self._line(f"[dim]-[/dim] {_plain(event.text)}")
            case Step():
                self._step(event)
            case Epoch():
                self._epoch(event)
            case Done():
                self._done(event)
            case Estimate():
                self._estimate(event)

    def _line(self, text: str) -> None:
        self._console.print(text, soft_wrap=True)

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
            self._now_and_then(f"{stage}: {_format_amount(step)}, {left}")
            return
        megabytes = f"{step.rate / 1e6:,.1f} MB/s"
        self._bar.update(
            self._task,
            completed=step.done,
            total=step.total or None,
            amount=_format_amount(step),
            rate=megabytes if step.unit == "bytes" else f"{step.rate:,.0f}/s",
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
            self._line(f"[bold]{HEADER}[/bold]")
            self._headed = True
        number = f"{epoch.epoch}/{epoch.epochs}" if epoch.epochs else str(epoch.epoch)
        self._line(
            f"{number:>7} {epoch.train_loss:13.4f} {epoch.val_loss:10.4f} "
            f"{format_percent(epoch.val_accuracy):>13} {epoch.images_per_second:12,.0f} "
            f"{format_duration(epoch.seconds_left):>11}{'  best so far' if epoch.best else ''}"
        )

    def _estimate(self, estimate: Estimate) -> None:
        self._end_bar()
        self._line("")
        self._line(
            f"the whole run would take about [bold]{format_duration(estimate.seconds)}[/bold]"
            f"{_describe_energy(estimate)} on this machine"
        )
        for name, seconds in estimate.parts.items():
            epochs = estimate.epochs if name == "training" else 0
            told = f"   {epochs:,} epoch{'' if epochs == 1 else 's'}" if epochs else ""
            self._line(f"  {name:<22}{format_duration(seconds):>12}{told}")
        self._line("nothing was learnt and no run begun; leave --estimate out to begin it")

    def _end_bar(self) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None

    def _done(self, done: Done) -> None:
        self._end_bar()
        stopped = "Stopped early, with the best state so far. " if done.interrupted else ""
        self._line("")
        self._line(
            f"{stopped}[bold]accuracy {format_percent(done.accuracy)}[/bold] (95 % interval "
            f"{format_percent(done.accuracy_low)} to {format_percent(done.accuracy_high)}) on "
            f"{_plain(done.evaluated)}"
        )
        taken = _describe_energy(done)
        self._line(
            f"after {format_duration(done.seconds)}{taken}; "
            f"everything is in {_plain(str(done.run))}"
        )
        self._line(f"  classifier  {_plain(str(done.model))}")
        self._line(f"  report      {_plain(str(done.report))}")
        if done.interrupted:
            self._line(f"  go on with  striate train --resume {_plain(str(done.run))}")


def _describe_energy(event: Done | Estimate) -> str:
    """Describe what electricity that is, where it was measured."""
    if event.kwh is None or event.kg_co2e is None:
        return ""
    return f" and {format_energy(event.kwh)} ({format_mass(event.kg_co2e)} of CO2e)"


def _format_amount(step: Step) -> str:
    """Describe how much of how much is done; a total of 0 is one that is not known."""
    if step.unit == "bytes":
        of = f"/{step.total / 1e6:,.1f}" if step.total else ""
        return f"{step.done / 1e6:,.1f}{of} MB"
    return f"{step.done:,}/{step.total:,} {step.unit}"


def _plain(text: str) -> str:
    """Escape what rich would take for markup, and what a terminal would obey."""
    return escape_controls(text, lines=True).replace("[", r"\[")
