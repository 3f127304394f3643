from pathlib import Path

import pytest
import torch

from striate.errors import RunError
from striate.training import checkpoints
from striate.training.state import State


def state(width: int = 3) -> State:
    torch.manual_seed(width)
    module = torch.nn.Linear(width, 2)
    return State(module, torch.optim.AdamW(module.parameters()))


def stepped(width: int = 3) -> State:
    own = state(width)
    own.module(torch.ones(1, width)).sum().backward()
    own.optimizer.step()
    return own


def test_everything_comes_back(tmp_path: Path) -> None:
    own = stepped()
    own.epoch, own.step, own.seconds, own.loss_sum = 3, 4, 5.25, 0.1 + 0.2
    own.keep_if_best(0.75, 0.5)
    checkpoints.write(tmp_path, own)
    again = state(width=3)
    checkpoints.read(tmp_path, again)
    assert own.counters() == again.counters()
    for name, value in own.best.items():
        assert torch.equal(value, again.best[name])
    one, two = own.optimizer.state_dict()["state"], again.optimizer.state_dict()["state"]
    assert one.keys() == two.keys()
    for number, slots in one.items():
        assert all(torch.equal(slots[name], two[number][name]) for name in slots)


def test_a_state_without_a_best_one_comes_back(tmp_path: Path) -> None:
    checkpoints.write(tmp_path, stepped())
    again = state()
    checkpoints.read(tmp_path, again)
    assert again.best == {}
    assert again.best_loss == float("inf")


def test_nothing_but_the_whole_file_is_left(tmp_path: Path) -> None:
    checkpoints.write(tmp_path, stepped())
    checkpoints.write(tmp_path, stepped())
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["last.safetensors"]


def test_another_network_is_refused(tmp_path: Path) -> None:
    checkpoints.write(tmp_path, stepped())
    with pytest.raises(RunError, match="start a new run"):
        checkpoints.read(tmp_path, state(width=4))


def test_few_checkpoints_are_written(tmp_path: Path) -> None:
    said: list[str] = []
    saver = checkpoints.Saver(tmp_path, stepped(), said.append)
    saver.save_if_due()
    assert not checkpoints.exists(tmp_path)
    saver.save()
    written = (tmp_path / checkpoints.FILE).stat().st_mtime_ns
    saver.save_if_due()
    assert (tmp_path / checkpoints.FILE).stat().st_mtime_ns == written


def test_a_checkpoint_that_cannot_be_written_is_said_and_training_goes_on(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("in the way")
    said: list[str] = []
    checkpoints.Saver(tmp_path, stepped(), said.append).save()
    assert len(said) == 1
    assert "cannot be written" in said[0]
    assert "\n" not in said[0]
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoints"]
