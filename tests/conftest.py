"""What the tests share: their order, local test images where the checkout has them beside it."""

from __future__ import annotations

import ctypes
import gc
import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import drawn
import pytest
from quick_runs import QUICK, TINY
from thoroughness import THOROUGH

from striate.deployment import golden_images
from striate.deployment.golden_images import DRAWN
from striate.events import Event
from striate.training.result import TrainingResult
from striate.training.runs import start_run

if TYPE_CHECKING:
    from live_studio import Live
    from playwright.sync_api import Browser, Page
    from xdist.workermanage import WorkerController

SEED = pytest.StashKey[int]()
SELDOM = 50_000  # new objects between two searches for garbage, as on the command line
LONG = (  # files that take longest, and are begun first: the last one decides when all is over
    *("test_workers.py", "test_documentation.py", "test_codegen_keras.py", "test_report_again.py"),
    *("test_segmentation.py", "test_run.py", "test_offline.py", "test_experiments_measured.py"),
    *("test_portability.py", "test_experiments.py", "test_diagram.py", "test_cache_folder.py"),
    *("test_processes.py", "test_architecture.py", "test_streaming.py", "test_transfer.py"),
    *("test_notebook.py", "test_importing_keras.py", "test_inside_page.py", "test_studio_page.py"),
)
SHARED = Path(__file__).parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, help="shuffle as the run that printed this seed did")


def pytest_configure(config: pytest.Config) -> None:
    gc.set_threshold(SELDOM)  # else torch's half a million objects are searched all the time
    # what is compiled once need not be compiled by each of a hundred processes
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    # the processes of pytest-xdist are told 80, at which tables leave columns out
    os.environ.pop("COLUMNS", None)
    config.option.loadscopereorder = False  # pytest-xdist would begin with files of many tests
    given = getattr(config, "workerinput", {}).get("seed", config.getoption("seed"))
    config.stash[SEED] = random.randrange(1_000_000) if given is None else given


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Hand the seed to each process of pytest-xdist, which wants one order of all."""
    node.workerinput["seed"] = node.config.stash[SEED]


def pytest_report_header(config: pytest.Config) -> str:
    return f"shuffled: --seed={config.stash[SEED]} gives this order again"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shuffle the files and the tests within each, so that what they share is made but once."""
    shuffle = random.Random(config.stash[SEED])
    files = sorted({item.path for item in items})
    ranks = {file: shuffle.random() + (file.name not in LONG) for file in files}
    keyed = [(ranks[item.path], shuffle.random(), item) for item in items]
    items[:] = [item for *_, item in sorted(keyed, key=lambda each: each[:2])]


def pytest_collection_finish() -> None:
    gc.freeze()  # what is imported by now stays, and need not be searched for garbage each time


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Give a file or folder of ../shared by its path there; the test skips where it is absent."""

    def find(path: str) -> Path:
        found = SHARED / path
        if not found.exists():
            pytest.skip(f"needs ../shared/{path}, which is not beside this checkout")
        return found

    return find


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 20 drawn discs and 20 squares; not to be changed."""
    return drawn.folder(tmp_path_factory.mktemp("photos"), n=20, size=(30, 20))


@pytest.fixture(scope="session")
def done(
    photos: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TrainingResult, list[Event]]:
    """A finished run of these, and what it told; not to be changed."""
    told: list[Event] = []
    out = tmp_path_factory.mktemp("runs") / "shapes"
    return start_run(photos, TINY, out=out, settings=QUICK, callback=told.append), told


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, opened once a file: while it is, nothing else can run an asyncio loop here."""
    from live_studio import open_browser

    with open_browser() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, live: Live) -> Iterator[Page]:
    """A page that shows nothing yet, beside the studio that the file's own fixture keeps open."""
    from live_studio import watched_page

    with watched_page(browser, live) as found:
        yield found


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what tests keep out of the user's cache, and what is there out of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRIATE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def smaller_golden_images() -> Iterator[None]:
    """Make the golden image of 12 megapixels a small one, but in `make test-all`.

    It takes two thirds of an export.
    """
    with pytest.MonkeyPatch.context() as patch:
        if not THOROUGH:
            small = [each if each[0] != "huge" else ("huge", 300, 400, 1) for each in DRAWN]
            patch.setattr(golden_images, "DRAWN", tuple(small))
        yield


@pytest.fixture(scope="module", autouse=True)
def given_back() -> Iterator[None]:
    """Give the memory of one file's tests back to the system before the next."""
    yield
    gc.collect()
    if "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", {}):
        ctypes.CDLL(None).malloc_trim(ctypes.c_size_t(0))
