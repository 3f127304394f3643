"""What every room's answers come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from striate.model.classifier import Classifier
from striate.serving.confined_paths import ConfinedFolders
from striate.studio_app.drawing.pad import Pad
from striate.studio_app.images import Images
from striate.studio_app.networks import Networks
from striate.studio_app.scenes import Scenes
from striate.studio_app.slow_answers import SlowAnswers


@dataclass(frozen=True, eq=False)
class Studio:
    """What there is to look at.

    Attributes:
        folder: that is read and written.
        folders: all that may be read.
        networks: that can be opened.
        images: that can be opened.
        scenes: images in networks, the latest of them kept.
        slow: what takes seconds, one at a time.
        pad: drawings in networks.
    """

    folder: Path
    folders: ConfinedFolders
    networks: Networks
    images: Images
    scenes: Scenes
    slow: SlowAnswers
    pad: Pad

    @staticmethod
    def of(folders: ConfinedFolders, folder: Path, modules: Mapping[str, Classifier]) -> Studio:
        """Return a studio.

        Args:
            folders: what may be read.
            folder: where runs are written.
            modules: torch modules that were given, by name, as classifiers.
        """
        images = Images(folders)
        networks = Networks(folders, modules)
        scenes = Scenes(networks, images)
        slow = SlowAnswers(networks, images, folder)
        pad = Pad(networks, images, scenes)
        return Studio(folder, folders, networks, images, scenes, slow, pad)
