"""What a benchmark found, as a page to read and as JSON."""

from __future__ import annotations

import dataclasses
import json
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.harness.machine import Machine
from benchmarks.harness.turns import Sides
from striate.terminal.tables import Table

WIDTH = 100


@dataclass(frozen=True)
class Report:
    """All that one benchmark has to say.

    Attributes:
        name: of its files.
        title: the heading.
        command: what to type to have it again.
        method: what was timed and how, in whole sentences.
        tables: the figures.
        findings: what they say, in whole sentences.
        machine: what they hold for.
        raw: every single measurement, as JSON has it.
    """

    name: str
    title: str
    command: str
    method: str
    tables: tuple[Table, ...]
    findings: tuple[str, ...]
    machine: Machine
    raw: dict[str, Any] = field(default_factory=dict)

    def page(self) -> str:
        """Write it as Markdown."""
        emulated = ", AVX2 emulated" if self.machine.emulated else ""
        filled = [textwrap.fill(text, WIDTH) for text in (self.method, *self.findings)]
        method, findings = filled[0], "\n\n".join(filled[1:])
        tables = "\n\n".join(f"```\n{table}\n```" for table in self.tables)
        machine = "\n\n".join(textwrap.fill(said, WIDTH) for said in self.machine.sentences())
        return (
            f"# {self.title}{emulated}\n\n    {self.command}\n\n"
            f"{method}\n\n{tables}\n\n{findings}\n\n"
            f"## The machine\n\n{machine}\n\nMeasured on {time.strftime('%Y-%m-%d')}; every single "
            f"figure stands in [{self.name}.json]({self.name}.json).\n"
        )


def write(report: Report, results: Path) -> Path:
    """Write NAME.md and NAME.json into the folder of the machine's kind, and say which it is."""
    folder = results / report.machine.kind
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{report.name}.md").write_text(report.page(), "utf-8")
    found = {
        "name": report.name,
        "command": report.command,
        "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": dataclasses.asdict(report.machine),
        "findings": report.findings,
        "raw": report.raw,
    }
    text = json.dumps(found, indent=1, allow_nan=False)
    (folder / f"{report.name}.json").write_text(text + "\n", "utf-8")
    return folder


def publish(report: Report, results: Path | None) -> None:
    """Print the page, and write it where a folder of results is given."""
    print(f"\n{report.page()}")
    if results is not None:
        print(f"written: {write(report, results) / report.name}.md and .json")


def raw(sides: Sides) -> dict[str, Any]:
    """Give every run of every side as plain values."""
    return {name: [dataclasses.asdict(ran) for ran in runs] for name, runs in sides.items()}
