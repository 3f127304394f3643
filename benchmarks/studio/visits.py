"""A studio, a browser, and one page for each part of the benchmark."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

from benchmarks.studio import hands, load
from benchmarks.studio.timing import SCRIPT
from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.model.classifier import Classifier
from striate.model.environment import Environment
from striate.serving.confined_paths import ConfinedFolders
from striate.studio_app.opening import OWN, open_studio
from striate.studio_app.studio import Studio

Part = Callable[[Page, str, Studio, int], None]
PARTS: Final[dict[str, Part]] = {
    **{"paint": load.paint, "hover": hands.hover, "stroke": hands.stroke, "brush": hands.brush},
    **{"slider": hands.slider, "key": hands.key, "camera": load.camera, "tasks": load.tasks},
    **{"long-key": hands.long_key, "memory": load.memory},
}
LENET = (
    "input 1x32x32 classes=10 > conv 5x5 6 pad=valid > tanh > avgpool 2 > conv 5x5 16 pad=valid > "
    "tanh > avgpool 2 > flatten > fc 120 > tanh > fc 84 > tanh > fc"
)
WIDE = "input 3x32x32 classes=300 > conv 3x3 512 stride=2 > relu > gap > flatten > fc"
CHROMIUM = ("--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


def measure(parts: Sequence[str], count: int, read: Sequence[Path]) -> None:
    """Print the figures of some parts.

    Args:
        parts: keys of `PARTS`.
        count: moves of each kind.
        read: folders with weights.
    """
    gray = Preprocess(1, 32, 32, mean=(0.13,), std=(0.29,))
    names = tuple(f"class {number}" for number in range(300))
    modules = {
        "lenet": Classifier(build(LENET, seed=0), LENET, names[:10], gray),
        "wide": Classifier(build(WIDE, seed=0), WIDE, names, Preprocess(3, 32, 32)),
    }
    here, busy = Environment.here(), os.getloadavg()[0]
    print(f"{here.processor}, {here.cores} cores, {here.system}; load before {busy:.1f}")
    print(f"{count} of each; Chromium draws without a graphics card", flush=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        opened = open_studio(Path(folder), read=read, modules=modules)
        threading.Thread(target=opened.run, daemon=True).start()
        # the same networks once more, for the work without page and socket
        folders = ConfinedFolders.of([Path(folder), *read], names=[OWN])
        alone = Studio.of(folders, Path(folder), modules)
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM))
        for name in parts:
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            page.set_default_timeout(120_000)
            page.add_init_script(SCRIPT)
            PARTS[name](page, opened.address, alone, count)
            page.close()
        browser.close()
        opened.server.should_exit = True
