"""What is wrong with an order, said before torch is loaded, which takes a second or two."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from striate.errors import ImageError

if TYPE_CHECKING:
    from striate.data import Collection
    from striate.settings import Settings


def check_order(data: str, network: str | None, settings: Settings) -> Collection:
    """Make sure that settings, network and data make sense; return the images that were found.

    Nothing is looked up on the network, and no image is decoded.

    Raises:
        StriateError: one of them does not.
    """
    from striate.architecture.notation import parse, source
    from striate.data import find, group_by_column
    from striate.features.backbone_names import check_backbone_name, check_one_network
    from striate.settings.texts import check_device

    settings.check()
    check_device(settings.device)
    check_one_network(network, settings.pretrained)
    if network is not None and network.strip() != "compact":
        parse(source(network))
    if settings.film is not None:
        check_image(Path(settings.film))
    if settings.pretrained is not None:
        check_backbone_name(settings.pretrained.strip())
    found = find(
        data, layout=settings.layout, zip_encoding=settings.zip_encoding, fixes=settings.fixes
    )
    if settings.group_column is not None:
        group_by_column(found, settings.group_column)
    return found


def describe_collection(collection: Collection) -> str:
    """Describe what was found, in the order of the splits.

    >>> from striate.data import find
    >>> describe_collection(find("digits"))
    'digits: 1,797 images of 10 classes (1,442 to train, 355 to test)'
    """
    from striate.data import format_count

    counts = Counter(collection.splits)
    told = [f"{counts[name]:,} to {what}" for name, what in SPLITS.items() if counts[name]]
    parts = f" ({', '.join(told)})" if told else ""
    classes = format_count(len(collection.classes), "class", "classes")
    return f"{collection.source}: {format_count(len(collection), 'image')} of {classes}{parts}"


SPLITS = {"train": "train", "val": "validate", "test": "test"}


def check_run(run: Path) -> None:
    """Make sure that a folder is that of a run.

    Raises:
        RunError: it is not.
    """
    from striate.model.run_folder import RunFolder

    RunFolder(run).read_record()


def check_image(image: Path) -> None:
    """Make sure that an image's file is there.

    Raises:
        ImageError: it is not.
    """
    if not image.exists():
        raise ImageError(f"'{image}' cannot be read: there is no such file")
