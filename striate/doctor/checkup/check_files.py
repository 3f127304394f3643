"""What a check writes: its page, all findings, and what it proposes to do about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from striate.data import Collection
from striate.data.fixes import write_fixes
from striate.doctor.checkup.check_page import write_check_page
from striate.doctor.checkup.check_result import CheckResult
from striate.doctor.checkup.proposed_fixes import propose_fixes
from striate.doctor.findings_file import write_findings
from striate.files.atomic_write import write_atomically


@dataclass(frozen=True)
class WrittenCheck:
    """Where the parts of a check lie.

    Attributes:
        page: with the images.
        findings: all of them, a row an image.
        fixes: what is proposed, a row an image.
    """

    page: Path
    findings: Path
    fixes: Path


def write_check(result: CheckResult, collection: Collection, folder: Path) -> WrittenCheck:
    """Write check.html, findings.csv and proposed-fixes.csv; those of an earlier check go.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = WrittenCheck(
        folder / "check.html", folder / "findings.csv", folder / "proposed-fixes.csv"
    )
    with write_atomically(written.findings) as partial:
        write_findings(partial, result.findings)
    with write_atomically(written.fixes) as partial:
        write_fixes(partial, propose_fixes(result, collection))
    write_check_page(result, collection, written.page)
    return written
