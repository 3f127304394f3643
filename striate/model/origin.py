"""Where a classifier comes from, as far as its file says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Origin:
    """Where a classifier comes from.

    Attributes:
        trained: whether anything is known of its training.
        source: where its images were; None where that is not known.
        layout: what folders of folders meant there, where that was said.
        zip_encoding: of the names in a zip there, where that was said.
        fixes: the file of images that were dropped or relabelled, where there was one.
        backbone: the pretrained part it began with, in words; None where it began from scratch.
        in_steps: whether it was trained in steps, so that validation chose the checkpoint; a head
            alone has its optimum.
        imported: the SHA-256 of the file whose weights it has; None where they are its own.
    """

    trained: bool
    source: str | None
    layout: str | None
    zip_encoding: str | None
    fixes: str | None
    backbone: str | None
    in_steps: bool
    imported: str | None

    @classmethod
    def from_json(cls, data: Mapping[str, Any], training: Mapping[str, Any]) -> Origin:
        """Return what a classifier's file says under "data" and "training".

        Files that were written until November 2026 have the run's "transfer" with its "body".

        >>> Origin.from_json({}, {"transfer": {"body": "vgg16", "shares": []}}).in_steps
        False
        """
        once = training.get("transfer") or {}
        backbone = training.get("backbone", once.get("body"))
        source = data.get("source")
        return cls(
            trained=bool(training),
            source=None if source is None else str(source),
            layout=data.get("layout"),
            zip_encoding=data.get("zip_encoding"),
            fixes=data.get("fixes"),
            backbone=None if backbone is None else str(backbone),
            in_steps=bool(training.get("in_steps", once.get("shares", True))),
            imported=training.get("imported", {}).get("sha256"),
        )
