"""What a check proposes to do about images, for a person to decide."""

from __future__ import annotations

from striate.data import Collection
from striate.data.digests import digest_image
from striate.data.fixes import Fix
from striate.doctor.checkup.check_result import CheckResult
from striate.doctor.checkup.kinds import BY_NAME
from striate.doctor.image_finding import FoundImage, ImageFinding

ABOUT_CLASSES = ("shortcut", "names", "few", "unequal", "unused", "unreadable")


def propose_fixes(result: CheckResult, collection: Collection) -> tuple[Fix, ...]:
    """Return a row for each image that a finding names; what needs a person is left undecided.

    Args:
        result: of the check.
        collection: that was checked.
    """
    places = {name: index for index, name in enumerate(collection.names)}
    made: dict[str, Fix] = {}
    for finding in result.findings:
        for place, image in enumerate(finding.images):
            if image.name in places and image.name not in made and _is_about_images(finding):
                digest = digest_image(collection, places[image.name])
                if digest:
                    action, to = _propose(finding, place, image)
                    made[image.name] = Fix(image.name, digest, action, to, finding.reason)
    return tuple(made.values())


def _is_about_images(finding: ImageFinding) -> bool:
    return finding.kind not in ABOUT_CLASSES


def _propose(finding: ImageFinding, place: int, image: FoundImage) -> tuple[str, str]:
    if finding.kind == "label":
        return "", image.answer
    action = BY_NAME[finding.kind].action
    if finding.kind == "copies":
        return ("keep" if place == 0 else action), ""
    return action, ""
