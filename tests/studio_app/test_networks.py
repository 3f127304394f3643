"""Where a network's weights come from is found, and what is not trained says so."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from striate.backends.torch import build
from striate.errors import SettingError, StriateError, WeightsError
from striate.serving.confined_paths import ConfinedFolders
from striate.studio_app.networks import NOT_TRAINED, Networks


def networks(folder: Path) -> Networks:
    return Networks(ConfinedFolders.of([folder], names=["here"]))


def test_without_weights_a_known_network_is_drawn_and_says_so(tmp_path: Path) -> None:
    found = networks(tmp_path).open("zoo/tiny_vgg")
    assert found.note == NOT_TRAINED
    again = networks(tmp_path).open("zoo/tiny_vgg")
    one, other = (each.classifier.module.state_dict() for each in (found, again))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_weights_and_names_that_lie_in_a_folder_are_taken(tmp_path: Path) -> None:
    module = build("tiny_vgg", seed=9)
    torch.save(module.state_dict(), tmp_path / "tiny_vgg.pth")
    found = networks(tmp_path).open("zoo/tiny_vgg")
    assert found.note == ""
    name = "conv1.weight"
    assert torch.equal(found.classifier.module.state_dict()[name], module.state_dict()[name])


def test_a_file_of_weights_that_does_not_fit_is_told(tmp_path: Path) -> None:
    torch.save(build("lenet5").state_dict(), tmp_path / "tiny_vgg.pth")
    with pytest.raises(WeightsError, match=r"tiny_vgg\.pth' beside the network"):
        networks(tmp_path).open("zoo/tiny_vgg")


def test_a_damaged_classifier_is_told_by_its_address(tmp_path: Path) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    found = networks(tmp_path)
    assert "here/bad.safetensors" in {each.address for each in found.entries()}
    with pytest.raises(StriateError, match=r"here/bad\.safetensors"):
        found.open("here/bad.safetensors")


def test_the_last_few_stay_open(tmp_path: Path) -> None:
    found = networks(tmp_path)
    first = found.open("zoo/tiny_vgg")
    assert found.open("zoo/tiny_vgg") is first
    for name in ("lenet5", "lenet1989"):
        found.open(f"zoo/{name}")
    assert found.open("zoo/tiny_vgg") is first


def test_the_digits_say_what_to_press(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="press the button"):
        networks(tmp_path).open("digits")


def test_where_nothing_can_be_written_the_run_goes_elsewhere_and_says_so(tmp_path: Path) -> None:
    from striate.studio_app.images import Images
    from striate.studio_app.slow_answers import SlowAnswers

    images = Images(ConfinedFolders.of([tmp_path], names=["here"]))
    slow = SlowAnswers(networks(tmp_path), images, tmp_path)
    assert slow.find_place() == (tmp_path / "runs" / "digits-studio", "")
    assert not (tmp_path / "runs").exists()  # to look leaves nothing behind
    refusing = tmp_path / "other"
    refusing.mkdir()
    (refusing / "runs").write_bytes(b"a file where the folder would be")
    place, note = SlowAnswers(networks(tmp_path), images, refusing).find_place()
    assert not place.is_relative_to(tmp_path) and "start the studio in a folder of your own" in note
