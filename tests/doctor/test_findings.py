"""What to look at first: the findings, their file, and that a run writes and tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from striate.doctor import FoundImage, ImageFinding, read_findings, write_findings
from striate.doctor.findings_file import HEADER
from striate.errors import RunError

ODD = (
    ImageFinding(
        "two classes",
        "the same pixels stand in 2 classes: 'a,\"b', 'c'",
        (FoundImage("a\nb.png", 'a,"b', "train"), FoundImage("c/\udcff.png", "c", "")),
    ),
    ImageFinding("label", "said so", (FoundImage("7", "c", "val", "a", 0.998765),)),
)


def test_findings_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "findings.csv"
    assert read_findings(path) is None
    for findings in ((), ODD):
        write_findings(path, findings)
        assert read_findings(path) == findings


def test_a_file_that_is_none_of_findings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "findings.csv"
    for damaged in ("", ",".join(HEADER) + "\n\n", "name,reason\nx,y\n", path.name + "\n1,label"):
        path.write_text(damaged)
        with pytest.raises(RunError, match="findings.csv' cannot be used"):
            read_findings(path)
