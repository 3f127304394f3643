from pathlib import Path

import pytest

from striate.errors import RunError
from striate.events import Epoch
from striate.model.run_folder import RunFolder, make_run_folder, write_text

EPOCH = Epoch(1, 3, 0.5, 0.8, 0.4, 0.9, 1e-3, 100.0, 9.0, 30.0, True)


def test_epochs_are_appended_and_a_cut_off_line_is_dropped(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.append_epoch(EPOCH)
    folder.append_epoch(Epoch(**{**vars(EPOCH), "epoch": 2}))
    path = tmp_path / "epochs.jsonl"
    path.write_text(path.read_text() + '{"epoch": 3, "ep')
    assert [epoch.epoch for epoch in folder.read_epochs(last=9)] == [1, 2]
    assert [epoch.epoch for epoch in folder.read_epochs(last=1)] == [1]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("photos/", "photos"),
        ("a b&c", "a-b-c"),
        ("set.zip", "set"),
        ("digits", "digits"),
        ("list.csv", "list"),
        ("...", None),
    ],
)
def test_runs_are_named_after_their_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: str, name: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    made = make_run_folder(None, data).path
    assert made.parent == Path("runs")
    assert made.is_dir()
    if name:
        assert made.name == name


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="nothing is overwritten"):
        make_run_folder(tmp_path / "file", "digits")
    with pytest.raises(RunError, match="cannot be made"):
        make_run_folder(tmp_path / "file" / "run", "digits")


@pytest.mark.parametrize("text", ["{", "[]", '{"format_version": "new"}'])
def test_a_damaged_record_is_one_clear_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(RunError) as caught:
        RunFolder(tmp_path).read_record()
    assert "\n" not in str(caught.value)


def test_text_is_written_whole(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "one")
    write_text(tmp_path / "a.txt", "two \udcff")
    assert (tmp_path / "a.txt").read_bytes() == b"two \xff"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_goes_wrong_while_a_run_is_held_is_not_blamed_on_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match="elsewhere"), RunFolder(tmp_path).held():
        raise ConnectionError("elsewhere")
