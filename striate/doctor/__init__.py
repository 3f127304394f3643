"""What to look at first among the images of a run, found in what the run has in hand anyway.

image_finding   one thing to look at: its kind, the reason with figures, the images
findings_file   findings.csv, in which a run keeps them
image_signs     a few numbers of each image, taken while it is at hand
close_look      what only the file shows, of the few images that these make worth it
examination     what there is to look at: images, splits, what the classifier answered
kinds           what is looked for, a file each; the registry, `KINDS`, is in __init__

A run calls `examine` once it has been evaluated, and writes what comes back to findings.csv; its
report reads that file (`read_findings`) and shows what `group_by_kind` makes of it: kinds with a
title and an advice, each with its findings. These are about images; the findings of
`striate.training.health` are about the training.
"""

from __future__ import annotations

from striate.doctor.examination import Examination
from striate.doctor.findings_file import read_findings, write_findings
from striate.doctor.image_finding import FoundImage, ImageFinding
from striate.doctor.image_signs import ImageSigns
from striate.doctor.kinds import KINDS, Kind, describe_findings, examine, group_by_kind

__all__ = [
    "KINDS",
    "Examination",
    "FoundImage",
    "ImageSigns",
    "ImageFinding",
    "Kind",
    "describe_findings",
    "examine",
    "group_by_kind",
    "read_findings",
    "write_findings",
]
