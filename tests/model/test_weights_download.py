"""The real download, from a server on this machine: whole, broken, wrong, absent, forbidden."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from file_server import Served, serving

from striate.data.cache_folder import find_cache_folder
from striate.errors import WeightsError
from striate.events import Event, Note, Progress
from striate.files.lock import try_lock
from striate.model.weights import Official, connection, fetch

CONTENT = bytes(range(256)) * 4000  # 1 MB, more than one block
PREFIX = hashlib.sha256(CONTENT).hexdigest()[:8]


@dataclass(frozen=True)
class Elsewhere(Official):
    """An official file that lies on another server."""

    server: str = ""

    @property
    def url(self) -> str:
        return self.server + self.file


def source(served: Served | str, prefix: str = PREFIX) -> Official:
    server = served if isinstance(served, str) else served.url
    return Elsewhere("tiny", f"tiny-{prefix}.pth", 1.0, 50.0, 75.0, server=server)


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy stands between this machine and itself."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def brought(served: Served, cache: Path, prefix: str = PREFIX) -> tuple[Path, list[str]]:
    events: list[Event] = []
    path = fetch(source(served, prefix), cache=cache, pause=0.0, callback=events.append)
    steps = [event for event in events if isinstance(event, Progress)]
    if steps:
        assert {step.unit for step in steps} == {"bytes"}
        assert steps[-1].done == len(CONTENT)
    return path, [event.text for event in events if isinstance(event, Note)]


def left(cache: Path) -> set[str]:
    """What lies in the cache, the lock aside."""
    return {p.name for p in cache.iterdir() if p.suffix != ".lock"} if cache.is_dir() else set()


def test_a_file_is_fetched_once_and_kept(tmp_path: Path) -> None:
    with serving(Served(CONTENT)) as served:
        path, notes = brought(served, tmp_path / "cache")
        assert path.read_bytes() == CONTENT
        assert left(tmp_path / "cache") == {path.name}
        assert notes == []
        assert brought(served, tmp_path / "cache")[0] == path
        assert served.asked == [""]
    # and without any server
    assert fetch(source(served), cache=tmp_path / "cache", offline=True) == path


@pytest.mark.parametrize("length", [True, False])
def test_a_wrong_hash_is_told_with_both_and_the_file_is_deleted(
    tmp_path: Path, length: bool
) -> None:
    with serving(Served(CONTENT, length=length)) as served:
        with pytest.raises(WeightsError) as caught:
            brought(served, tmp_path, "00000000")
        said = str(caught.value)
        assert served.url in said
        assert PREFIX in said
        assert "expected 00000000" in said
        assert "it was deleted" in said
        assert "\n" not in said
    assert left(tmp_path) == set()


def test_a_broken_connection_is_gone_on_with_where_it_broke(tmp_path: Path) -> None:
    with serving(Served(CONTENT, breaks=[300_000, 100_000])) as served:
        path, notes = brought(served, tmp_path)
        assert served.asked == ["", "bytes=300000-", "bytes=400000-"]
    assert path.read_bytes() == CONTENT
    assert len(notes) == 2
    assert "300,000 of 1,024,000 bytes came" in notes[0]


def test_a_connection_that_keeps_breaking_leaves_its_part_for_the_next_call(
    tmp_path: Path,
) -> None:
    with serving(Served(CONTENT, breaks=[1000] * 5)) as served:
        with pytest.raises(WeightsError, match=r"broke off 5 times .* call again to go on"):
            brought(served, tmp_path)
        assert left(tmp_path) == {f"tiny-{PREFIX}.pth.part"}
        path, _ = brought(served, tmp_path)
        assert served.asked[-1] == "bytes=5000-"
    assert path.read_bytes() == CONTENT
    assert left(tmp_path) == {path.name}


def test_a_server_that_does_not_resume_sends_all_anew(tmp_path: Path) -> None:
    with serving(Served(CONTENT, ranges=False, breaks=[300_000])) as served:
        path, _ = brought(served, tmp_path)
        assert served.asked == ["", "bytes=300000-"]
    assert path.read_bytes() == CONTENT


def test_a_part_of_another_file_is_found_by_its_hash_and_begun_anew(tmp_path: Path) -> None:
    part = tmp_path / f"tiny-{PREFIX}.pth.part"
    for stale in (b"\xff" * 1000, b"\xff" * len(CONTENT), b"\xff" * (len(CONTENT) + 5)):
        part.write_bytes(stale)
        with serving(Served(CONTENT)) as served:
            path, notes = brought(served, tmp_path)
        assert path.read_bytes() == CONTENT
        assert notes
        path.unlink()


def test_a_whole_part_that_was_never_verified_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / f"tiny-{PREFIX}.pth.part").write_bytes(CONTENT)
    with serving(Served(CONTENT)) as served:
        path = fetch(source(served), cache=tmp_path, pause=0.0)
        assert served.asked == [f"bytes={len(CONTENT)}-"]
    assert path.read_bytes() == CONTENT


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    with serving(Served(CONTENT, codes=[503, 429])) as served:
        path, notes = brought(served, tmp_path)
    assert path.read_bytes() == CONTENT
    assert "the server answered 503" in notes[0]


def test_a_file_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with serving(Served(CONTENT, codes=[404])) as served:
        with pytest.raises(WeightsError, match="answered 404 .* download .* by other means"):
            brought(served, tmp_path)
        assert len(served.asked) == 1
    assert left(tmp_path) == set()


def closed_port() -> str:
    """An address where nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/"


def test_without_a_connection_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        fetch(source(closed_port()), cache=tmp_path)
    said = str(caught.value)
    assert "cannot be reached (Connection refused)" in said
    assert "by other means and give its path as --weights FILE" in said
    assert left(tmp_path) == set()


def test_a_server_that_goes_away_in_between_is_waited_for_a_few_times(tmp_path: Path) -> None:
    with serving(Served(CONTENT, breaks=[1000])) as served:
        part = tmp_path / f"tiny-{PREFIX}.pth.part"
        part.write_bytes(CONTENT[:500])
        # the first answer breaks off; then nobody is there any more
        events: list[Event] = []

        def callback(event: Event) -> None:
            events.append(event)
            if isinstance(event, Note):
                served.codes[:] = [503] * 9

        with pytest.raises(WeightsError, match="broke off 5 times"):
            fetch(source(served), cache=tmp_path, pause=0.0, callback=callback)
        assert part.stat().st_size == 1500


SILENT = """
import sys
def refuse(event, arguments):
    if event.startswith("socket."):
        raise SystemExit("a socket was opened: " + event)
sys.addaudithook(refuse)
from pathlib import Path
from striate.errors import WeightsError
from striate.model.weights import fetch
try:
    fetch("resnet18", cache=Path(sys.argv[1]), offline=True)
except WeightsError as error:
    print(error)
"""


def test_offline_opens_no_socket(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SILENT, tmp_path / "none"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "'resnet18-f37072fd.pth' is not in the cache" in done.stdout
    assert "https://download.pytorch.org/models/resnet18-f37072fd.pth" in done.stdout
    assert not (tmp_path / "none").exists()


def test_a_kept_file_that_was_damaged_is_fetched_anew_or_told(tmp_path: Path) -> None:
    with serving(Served(CONTENT)) as served:
        path, _ = brought(served, tmp_path)
        path.write_bytes(CONTENT[:-1])
        with pytest.raises(WeightsError, match="is not the file it should be"):
            fetch(source(served), cache=tmp_path, offline=True)
        assert brought(served, tmp_path)[0].read_bytes() == CONTENT


def test_two_processes_do_not_write_into_one_part(tmp_path: Path) -> None:
    path = tmp_path / f"tiny-{PREFIX}.pth"
    with path.with_name(f"{path.name}.lock").open("a") as held, serving(Served(CONTENT)) as served:
        assert try_lock(held.fileno())
        with pytest.raises(WeightsError, match="downloaded by another process"):
            brought(served, tmp_path)
        assert served.asked == []


def test_a_cache_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(WeightsError, match="set STRIATE_CACHE to another"):
        fetch(source("http://127.0.0.1:9/"), cache=tmp_path / "file" / "cache")


def test_the_cache_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / "mine"))
    assert find_cache_folder() == tmp_path / "mine"
    with serving(Served(CONTENT)) as served:
        path = fetch(source(served))
    assert path.parent == tmp_path / "mine" / "weights"


def test_a_server_that_does_not_answer_is_given_up_in_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT", 0.2)
    with socket.socket() as full, contextlib.ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # more than it takes; a further one is never answered
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        began = time.perf_counter()
        with pytest.raises(WeightsError, match=r"cannot be reached \(no connection within 0.2 s"):
            fetch(source(f"http://127.0.0.1:{full.getsockname()[1]}/"), cache=tmp_path)
        assert time.perf_counter() - began < 2
    assert left(tmp_path) == set()


def test_a_proxy_of_the_environment_is_asked_instead_of_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(Served(CONTENT)) as served:
        monkeypatch.setenv("http_proxy", served.url)
        monkeypatch.setenv("no_proxy", "")
        path = fetch(source("http://no-such-server.invalid/"), cache=tmp_path)
    assert path.read_bytes() == CONTENT
