"""A frame of a film holds what the network's hooks give, in small files that are read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from striate.backends.torch import build
from striate.errors import RunError
from striate.events import Epoch
from striate.explanation.film import (
    Bytes,
    Film,
    list_epochs,
    read_film,
    read_frame,
    take_frame,
    write_frame,
    write_image,
)
from striate.explanation.film_drawing import animate_film, describe_epoch, measure_reaches

DEEP = "input 3x40x40 classes=2 > [conv 12 > bn > relu]*4 > conv 1x1 70 > gap > flatten > fc"
EPOCH = Epoch(3, 8, 0.7, 0.5, 0.6, 0.75, 0.01, 100.0, 1.0, 5.0, best=True)


def test_a_byte_a_number_is_near_enough_and_zero_is_exact() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    values[::10] = 0
    found = Bytes.of(values)
    assert np.abs(found.numbers - values).max() <= found.reach / 127 / 2 * 1.001
    assert (found.numbers[::10] == 0).all()
    assert Bytes.of(np.zeros(3)).numbers.tolist() == [0, 0, 0]
    assert np.isfinite(Bytes.of(np.array([np.nan, np.inf, 1.0])).numbers).all()


def test_a_frame_is_what_the_network_computes() -> None:
    module = build(DEEP, seed=1)
    module.train()
    state = {name: value.clone() for name, value in module.state_dict().items()}
    before = torch.get_rng_state()
    values = torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    frame = take_frame(module, values, EPOCH)

    assert [layer.name for layer in frame.layers] == ["conv1", "conv3", "conv5"]
    assert frame.layers[2].shape == (70, 12, 1, 1)
    assert frame.layers[2].filters.values.shape == (64, 12, 1, 1)
    assert frame.numbers["val_accuracy"] == 0.75
    heard: dict[str, torch.Tensor] = {}
    for layer in frame.layers:
        module.get_submodule(layer.name).register_forward_hook(
            lambda _, __, out, name=layer.name: heard.update({name: out[0].detach()})
        )
    module.eval()
    odds = module(values).softmax(1)[0].detach().numpy()
    assert frame.probabilities == pytest.approx(odds, abs=1e-6)
    for layer in frame.layers:
        weight = module.get_parameter(f"{layer.name}.weight").detach().numpy()
        own = weight[np.ix_(layer.units, layer.channels)]
        assert np.abs(layer.filters.numbers - own).max() <= layer.filters.reach / 250
        maps = heard[layer.name][list(layer.units)].numpy()
        assert np.abs(layer.maps.numbers - maps).max() <= layer.maps.reach / 250
    for name, value in module.state_dict().items():
        assert torch.equal(value, state[name]), name
    assert torch.equal(torch.get_rng_state(), before)


def test_the_mode_of_every_part_is_left_as_it_was() -> None:
    module = build(DEEP)
    module.train()
    module.get_submodule("bn1").eval()
    take_frame(module, torch.zeros(1, 3, 40, 40), None)
    modes = {name: part.training for name, part in module.named_modules() if name}
    assert not modes.pop("bn1")
    assert all(modes.values())


def test_a_frame_of_noise_at_224_pixels_is_below_a_megabyte(tmp_path: Path) -> None:
    text = (
        "input 3x224x224 classes=10 > conv 11x11 128 > relu > maxpool 2 > conv 80 > relu > "
        "maxpool 4 > conv 512 > gap > flatten > fc"
    )
    frame = take_frame(build(text, seed=0), torch.rand(1, 3, 224, 224), EPOCH)
    write_frame(tmp_path, frame)
    assert (tmp_path / "3.npz").stat().st_size < 10**6
    assert frame.layers[0].maps.values.shape == (64, 64, 64)


def test_large_maps_are_means() -> None:
    module = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    nn.init.ones_(module.get_parameter("0.weight"))
    values = torch.rand(1, 1, 128, 96)
    (layer,) = take_frame(module, values, None).layers
    expected = values[0, 0].reshape(64, 2, 48, 2).mean((1, 3)).numpy()
    assert np.abs(layer.maps.numbers[0] - expected).max() <= layer.maps.reach / 250


def test_files_are_read_as_they_were_written(tmp_path: Path) -> None:
    folder = tmp_path / "film"
    frame = take_frame(build(DEEP, seed=1), torch.ones(1, 3, 40, 40), EPOCH)
    write_image(folder, "who.png", np.zeros((40, 40, 3), np.uint8), ("cat", "dog"))
    write_frame(folder, frame)
    write_frame(folder, take_frame(build(DEEP, seed=1), torch.ones(1, 3, 40, 40), None))
    film = read_film(tmp_path)
    assert film is not None
    assert repr(film) == "Film(who.png: 2 frames up to epoch 3)"
    assert [each.epoch for each in film.frames] == [0, 3]
    assert (film.classes, film.frames[0].numbers) == (("cat", "dog"), {})
    again = film.frames[1]
    assert again.numbers == frame.numbers
    for one, other in zip(again.layers, frame.layers, strict=True):
        assert (one.name, one.shape, one.units) == (other.name, other.shape, other.units)
        assert (one.maps.values == other.maps.values).all()
        assert one.filters.reach == other.filters.reach
    assert sorted(path.name for path in folder.iterdir()) == ["0.npz", "3.npz", "image.npz"]


def test_some_frames_are_read_from_the_first_to_the_last(tmp_path: Path) -> None:
    folder = tmp_path / "film"
    module = build("input 1x8x8 classes=2 > conv 2 > gap > flatten > fc")
    write_image(folder, "a", np.zeros((8, 8, 1), np.uint8), ("x", "y"))
    for epoch in range(1, 10):
        told = Epoch(epoch, 9, 1, 1, 1, 1, 1, 1, 1, 1, best=False)
        write_frame(folder, take_frame(module, torch.zeros(1, 1, 8, 8), told))
    assert list_epochs(folder) == list(range(1, 10))
    film = read_film(tmp_path, most=3)
    assert film is not None
    assert [frame.epoch for frame in film.frames] == [1, 5, 9]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "4.npz").write_bytes(b"PK no zip at all")
    with pytest.raises(RunError, match=r"4\.npz' cannot be read .*; take it out of the film"):
        read_frame(tmp_path, 4)
    np.savez(tmp_path / "5.npz", epoch=np.array(5))
    with pytest.raises(RunError, match=r"5\.npz' is no part of a film: it has no probabilities"):
        read_frame(tmp_path, 5)


def film_of(text: str, epochs: int) -> Film:
    frames = []
    for epoch in range(epochs):
        module = build(text, seed=epoch)
        told = Epoch(epoch, epochs - 1, 1, 1, 0.5, 0.9, 1, 1, 1, 1, best=False)
        size = [int(side) for side in text.split()[1].split("x")]
        frames.append(take_frame(module, torch.rand(1, *size), told if epoch else None))
    pixels = np.zeros((*size[1:], size[0]), np.uint8)
    return Film("a.png", ("cat", "a class with a rather long name"), pixels, tuple(frames))


@pytest.mark.parametrize("text", [DEEP, "input 1x9x7 classes=2 > conv 5x5 3 > gap > flatten > fc"])
def test_a_film_of_any_network_is_drawn_in_one_size(text: str) -> None:
    frames = animate_film(film_of(text, 3))
    assert len({frame.pixels.shape for frame in frames}) == 1
    assert (frames[0].pixels != frames[1].pixels).any()
    assert [frame.seconds for frame in frames] == [0.5, 0.5, 1.4]


def test_one_colour_is_one_number_in_every_frame() -> None:
    film = film_of(DEEP, 3)
    weight, value = measure_reaches(film.frames)["conv1"]
    assert weight == max(frame.layers[0].filters.reach for frame in film.frames)
    assert value == max(frame.layers[0].maps.reach for frame in film.frames)


def test_a_frame_says_what_the_epoch_reached() -> None:
    frame = film_of(DEEP, 2).frames[1]
    told = describe_epoch(frame, 12)
    assert told == "after epoch 1 of 12: validation accuracy 90.0 %, loss 0.500"
