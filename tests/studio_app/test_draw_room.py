"""The room Draw over a real connection: a drawing in, every level out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from live_studio import Live, live_studio
from PIL import Image, ImageDraw
from websockets.sync.client import ClientConnection

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.model.classifier import Classifier
from striate.studio_app.drawing.levels import MOST_MAPS
from striate.studio_app.frames import unpack

TEXT = "input 1x28x28 classes=3 > conv 5x5 40 > bn > relu > maxpool 2 > flatten > fc 6 > tanh > fc"
BAR = [[[0.5, 0.1], [0.52, 0.9]]]
PLACE = {"network": "module/own", "image": "drawing/x"}


@pytest.fixture(scope="module")
def model() -> Classifier:
    usual = Preprocess(1, 28, 28, mean=(0.1,), std=(0.3,))
    return Classifier(build(TEXT, seed=1), TEXT, ("a", "b", "c"), usual)


@pytest.fixture(scope="module")
def live(model: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("studio")
    page = Image.new("RGB", (200, 150), (240, 235, 220))
    ImageDraw.Draw(page).line([(80, 40), (115, 40), (90, 110)], fill=(30, 30, 80), width=7)
    page.save(folder / "seven.png")
    with live_studio(folder, modules={"own": model}) as found:
        yield found


@pytest.fixture
def socket(live: Live) -> Iterator[ClientConnection]:
    with live.talk(live.enter()) as found:
        yield found


def ask(socket: ClientConnection, kind: str, **said: Any) -> tuple[Any, dict[str, np.ndarray]]:
    socket.send(json.dumps({"id": 1, "kind": kind, **PLACE, **said}))
    while True:
        message = socket.recv(timeout=60)
        assert isinstance(message, bytes)
        answer, arrays = unpack(message)
        if "progress" not in answer:
            return answer, arrays


def test_every_level_comes_with_the_numbers_that_torch_has(
    socket: ClientConnection, model: Classifier
) -> None:
    said, arrays = ask(socket, "draw", strokes=BAR)
    assert [each["first"] for each in said["levels"]] == [
        "input",
        "conv1",
        "maxpool1",
        "fc1",
        "fc2",
    ]
    assert [each["name"] for each in said["levels"]] == [
        "input",
        "relu1",
        "maxpool1",
        "tanh1",
        "fc2",
    ]
    assert said["levels"][3]["sources"] == ["maxpool1"]  # through flatten
    pixels = torch.from_numpy(arrays["pixels"].copy()).permute(2, 0, 1)[None].float() / 255
    heard: list[torch.Tensor] = []
    module = model.module.eval()
    handles = [
        module.get_submodule(name).register_forward_hook(lambda _, given, out: heard.append(out))
        for name in ("relu1", "maxpool1", "tanh1", "fc2")
    ]
    with torch.no_grad():
        module((pixels - 0.1) / 0.3)
    for handle in handles:
        handle.remove()
    for number, exact in enumerate(heard, start=1):
        shown = arrays[str(number)]
        np.testing.assert_allclose(
            shown.reshape(len(shown), -1),
            exact[0][:MOST_MAPS].reshape(len(shown), -1),
            rtol=1e-4,
            atol=1e-5,
        )
    assert arrays["probabilities"].sum() == pytest.approx(1)


def test_a_node_of_the_drawing_is_told_as_any_other(socket: ClientConnection) -> None:
    said, arrays = ask(socket, "draw", strokes=BAR)
    cell, _ = ask(socket, "cell", layer="conv1", unit=3, row=4, column=5)
    assert [step["layer"] for step in cell["steps"]] == ["conv1", "bn1", "relu1"]
    assert cell["steps"][-1]["value"] == pytest.approx(float(arrays["1"][3, 4, 5]), abs=1e-4)


@pytest.mark.parametrize(
    ("strokes", "state"),
    [([], "empty"), ([[]], "empty"), ([[[0.5, 0.5]]], "dot"), (BAR, "drawn")],
)
def test_an_empty_pad_and_a_dot_are_called_so(
    socket: ClientConnection, strokes: list[Any], state: str
) -> None:
    assert ask(socket, "draw", strokes=strokes)[0]["state"] == state


@pytest.mark.parametrize(
    ("kind", "said", "told"),
    [
        ("draw", {"strokes": [[[1e9, 0]]]}, "cannot be read"),
        ("draw", {"strokes": [[[0, 0]]] * 61}, "cannot be read"),
        ("draw", {"strokes": "x"}, "cannot be read"),
        ("draw", {"strokes": BAR, "network": "zoo/none"}, "no network 'none'"),
        ("draw", {"strokes": [], "picture": "here/none.png"}, "below the folders"),
        ("redrawn", {"number": 3}, "not below the studio's folders"),
    ],
)
def test_a_mistake_is_told_in_a_line(
    socket: ClientConnection, kind: str, said: dict[str, Any], told: str
) -> None:
    answer, _ = ask(socket, kind, **said)
    assert told in answer["error"]


def test_of_a_network_whose_data_is_not_here_nothing_is_claimed(socket: ClientConnection) -> None:
    assert ask(socket, "known")[0]["why"] == "no data"
    said, _ = ask(socket, "draw", strokes=BAR)
    assert "unlike" not in said


def test_a_picture_is_laid_as_a_drawing_is(socket: ClientConnection) -> None:
    said, drawn = ask(socket, "draw", strokes=[], picture="here/seven.png")
    rows, columns = np.nonzero(drawn["pixels"][:, :, 0] > 100)
    assert said["state"] == "drawn" and np.ptp(rows) + 1 in (19, 20) and np.ptp(columns) + 1 < 14


def test_a_newer_stroke_takes_the_place_of_an_older(socket: ClientConnection) -> None:
    for number in range(60):
        line = [[0.5, 0.1], [0.5, 0.2 + number / 100]]
        said = {"id": number, "kind": "draw", **PLACE, "strokes": [line]}
        socket.send(json.dumps(said))
    heard: list[Any] = []
    for _ in range(60):
        message = socket.recv(timeout=60)
        assert isinstance(message, bytes)
        heard.append(unpack(message)[0])
    assert sorted(each["id"] for each in heard) == list(range(60))
    assert any(each.get("dropped") for each in heard)
    assert heard[-1]["id"] == 59 and "levels" in heard[-1]


def test_a_drawing_is_kept_for_the_other_rooms(socket: ClientConnection) -> None:
    entry, _ = ask(socket, "keep drawing", strokes=BAR)
    assert entry["address"].startswith("upload/")
    _, drawn = ask(socket, "draw", strokes=BAR)
    _, kept = ask(socket, "layers", image=entry["address"])
    np.testing.assert_array_equal(kept["pixels"], drawn["pixels"])
