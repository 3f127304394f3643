"""Long work in a notebook: one line that is written anew, the decisions folded under it."""

from __future__ import annotations

from html import escape
from types import TracebackType

from striate.events import Done, Epoch, Estimate, Event, Note, Progress, Seeds
from striate.terminal.console import describe_end, describe_seeds, format_amount, format_rate
from striate.terminal.units import format_duration, format_percent


class NotebookLine:
    """Shows the events of a run in one output of a notebook; used as `Console` is."""

    def __init__(self) -> None:
        from IPython.display import DisplayHandle

        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._shown = False
        self._notes: list[str] = []
        self._epoch = ""
        self._line = ""

    def __enter__(self) -> NotebookLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown and not self._line:
            self._show("")

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case Note():
                self._notes.append(event.text)
                self._show(event.text.split("\n")[0])
            case Epoch():
                self._epoch = f"accuracy so far {format_percent(event.val_accuracy)}"
            case Progress():
                self._show(self._describe(event))
            case Done():
                self._line = " ".join(describe_end(event))
                self._show(self._line)
            case Seeds():
                self._line = describe_seeds(event)
                self._show(self._line)
            case Estimate():
                self._line = f"the whole run would take about {format_duration(event.seconds)}"
                self._show(self._line)

    def _describe(self, step: Progress) -> str:
        stage = f"{step.stage} {step.epoch or ''}".strip()
        stage += f"/{step.epochs}" if step.epochs else ""
        left = "" if step.seconds_left is None else f"{format_duration(step.seconds_left)} left"
        said = (f"{stage}: {format_amount(step)}", format_rate(step), left, self._epoch)
        return ", ".join(each for each in said if each)

    def _show(self, line: str) -> None:
        from IPython.display import HTML

        count = len(self._notes)
        told = "".join(
            f"<li style='white-space:pre-wrap'>{escape(each)}</li>" for each in self._notes
        )
        word = "decision" if count == 1 else "decisions"
        folded = f"<details><summary>{count} {word}</summary><ul>{told}</ul></details>"
        shown = HTML(f"<div>{escape(line)}</div>{folded if count else ''}")  # type: ignore[no-untyped-call]
        if self._shown:
            self._handle.update(shown)  # type: ignore[no-untyped-call]
        else:
            self._handle.display(shown)  # type: ignore[no-untyped-call]
            self._shown = True
