"""A page's questions, over a real connection: answered, refused in a line, the newest first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from live_studio import Live, live_studio
from websockets.sync.client import ClientConnection

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.model.classifier import Classifier
from striate.model.decision import Decision, FeatureDistance, Promise, RejectRule, Taxonomy
from striate.studio_app.frames import pack, unpack

TEXT = "input 1x8x8 classes=3 > conv 4 > bn > relu > maxpool 2 > flatten > fc"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    model = Classifier(build(TEXT), TEXT, ("a", "b", "<img src=x>"), Preprocess(1, 8, 8))
    with live_studio(tmp_path_factory.mktemp("studio"), modules={"own": model}) as found:
        yield found


@pytest.fixture
def socket(live: Live) -> Iterator[ClientConnection]:
    with live.talk(live.enter()) as found:
        yield found


def hear(socket: ClientConnection) -> tuple[Any, dict[str, np.ndarray]]:
    message = socket.recv(timeout=60)
    assert isinstance(message, bytes)
    return unpack(message)


def ask(socket: ClientConnection, kind: str, **said: Any) -> tuple[Any, dict[str, np.ndarray]]:
    place = {"network": "module/own", "image": "digits/0042"}
    socket.send(json.dumps({"id": 1, "kind": kind, **place, **said}))
    while True:
        answer, arrays = hear(socket)
        if "progress" not in answer:
            return answer, arrays


def test_layers_come_with_the_image_and_the_answer(socket: ClientConnection) -> None:
    said, arrays = ask(socket, "layers")
    names = [each["name"] for each in said["layers"]]
    assert names == ["input", "conv1", "bn1", "relu1", "maxpool1", "flatten1", "fc1"]
    assert said["layers"][2]["sources"] == ["conv1"]
    assert said["classes"][2] == "<img src=x>"
    assert arrays["pixels"].shape == (8, 8, 1)
    powers = np.exp(arrays["logits"] - arrays["logits"].max())
    np.testing.assert_allclose(arrays["powers"], powers, rtol=1e-12)
    np.testing.assert_allclose(arrays["probabilities"], powers / powers.sum(), rtol=1e-12)


def test_maps_are_those_of_the_network_and_large_ones_their_means(
    socket: ClientConnection,
) -> None:
    whole = np.stack(
        [ask(socket, "map", layer="conv1", source=-1, unit=unit)[1]["map"] for unit in range(4)]
    )
    _, small = ask(socket, "maps", layer="conv1", first=1, count=2, side=4)
    means = whole.reshape(4, 4, 2, 4, 2).mean((2, 4))
    np.testing.assert_allclose(small["maps"], means[1:3], rtol=1e-5, atol=1e-6)


def test_a_cell_is_told_with_what_follows_it(socket: ClientConnection) -> None:
    said, arrays = ask(socket, "cell", layer="conv1", unit=2, row=0, column=0)
    assert [step["layer"] for step in said["steps"]] == ["conv1", "bn1", "relu1"]
    assert all(step["agrees"] for step in said["steps"])
    terms = arrays["0.value"] * arrays["0.weight"]
    assert said["steps"][0]["value"] == pytest.approx(terms.sum() + said["steps"][0]["bias"])
    assert arrays["0.padding"].sum() == 5
    pixel, _ = ask(socket, "cell", layer="input", unit=0, row=3, column=3)
    assert pixel["input"]["value"] == pytest.approx(pixel["input"]["pixel"] / 255)


def test_what_a_number_sees_and_the_walk_down(socket: ClientConnection) -> None:
    box = ask(socket, "sight", layer="maxpool1", unit=0, row=1, column=1)[0]["box"]
    assert box == [1, 1, 5, 5]
    path = ask(socket, "walk", target=2)[0]
    assert path["target"] == "<img src=x>"
    assert [step["layer"] for step in path["steps"]][:2] == ["fc1", "flatten1"]


@pytest.mark.parametrize(
    ("kind", "said", "told"),
    [
        ("layers", {"network": "zoo/none"}, "no network 'none' in the zoo"),
        ("layers", {"network": "module/other"}, "striate studio FILE.py:NAME"),
        ("layers", {"network": "digits"}, "press the button"),
        ("layers", {"network": "here/../../x"}, "below the folders"),
        ("layers", {"image": "digits/9999"}, "there are 1797 digits"),
        ("layers", {"image": "upload/0123"}, "uploaded to another studio"),
        ("layers", {"image": "here/none.png"}, "below the folders"),
        ("cell", {"layer": "conv9", "unit": 0, "row": 0, "column": 0}, "expected one of conv1"),
        ("cell", {"layer": "conv1", "unit": 9, "row": 0, "column": 0}, "gives 4x8x8"),
        ("map", {"layer": "conv1", "source": -1, "unit": 99}, "has 4 maps"),
        ("map", {"layer": "conv1", "source": 5, "unit": 0}, "takes 1 inputs"),
        ("walk", {"target": 77}, "77"),
        ("cell", {"layer": "conv1"}, "cannot be read"),
        ("nothing", {}, "cannot be read"),
        ("maps", {"layer": "conv1", "first": 0, "count": 10**9, "side": 4}, "cannot be read"),
    ],
)
def test_a_mistake_is_told_in_a_line_and_the_conversation_goes_on(
    socket: ClientConnection, kind: str, said: dict[str, Any], told: str
) -> None:
    answer, _ = ask(socket, kind, **said)
    assert told in answer["error"]
    assert "\n" not in answer["error"]
    assert "layers" in ask(socket, "layers")[0]


def test_of_many_hovers_the_last_is_answered_and_the_others_need_not_be(
    socket: ClientConnection,
) -> None:
    place = {"network": "module/own", "image": "digits/0042", "layer": "conv1", "unit": 0}
    for number in range(200):
        cell = {"row": number % 8, "column": number // 8 % 8}
        socket.send(json.dumps({"id": number, "kind": "cell", **place, **cell}))
    heard = [hear(socket)[0] for _ in range(200)]
    assert sorted(each["id"] for each in heard) == list(range(200))
    assert heard[-1]["id"] == 199 and "steps" in heard[-1]


def test_a_camera_s_picture_is_answered_and_can_be_looked_into(socket: ClientConnection) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
    socket.send(pack({"id": 5, "network": "module/own"}, {"pixels": pixels}))
    said, arrays = hear(socket)
    assert said["id"] == 5 and arrays["probabilities"].sum() == pytest.approx(1)
    cell, _ = ask(socket, "cell", image="camera", layer="conv1", unit=0, row=1, column=1)
    assert cell["steps"][0]["agrees"]
    socket.send(pack({"id": 6, "network": "module/own"}, {"pixels": pixels[:, :, 0]}))
    assert "expected uint8" in hear(socket)[0]["error"]


def test_a_unit_has_top_images_and_an_optimum(socket: ClientConnection) -> None:
    said, arrays = ask(socket, "top", layer="relu1", unit=1)
    activations = [patch["activation"] for patch in said["patches"]]
    assert len(activations) == 9 and activations == sorted(activations, reverse=True)
    assert arrays["0"].dtype == np.uint8
    made, images = ask(socket, "optimum", layer="conv1", unit=1)
    assert made["activation"] > made["initial"]
    assert images["image"].shape == (8, 8, 1)


def test_a_hostile_upload_keeps_no_path_and_no_more_than_its_name(live: Live) -> None:
    from io import BytesIO

    from PIL import Image

    kept = BytesIO()
    Image.new("RGB", (5, 4), "red").save(kept, "PNG")
    headers = {**live.enter(), "Origin": f"http://{live.host}"}
    name = "..%2F..%2F%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E.png"
    reply = live.ask(f"/api/images?name={name}", headers, method="POST", body=kept.getvalue())
    entry = json.loads(reply.text)
    assert entry["title"] == "<img src=x onerror=alert(1)>.png"  # the page writes it as text
    assert entry["address"].startswith("upload/")
    shown = live.ask(f"/api/thumbnail?address={entry['address']}", headers)
    assert shown.body.startswith(b"\x89PNG")
    broken = live.ask("/api/images", headers, method="POST", body=b"no image")
    assert broken.status == 422 and broken.text.count("\n") == 0


def test_what_lies_in_the_folders_is_offered(tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "cats").mkdir()
    Image.new("L", (4, 4)).save(tmp_path / "cats" / "tom.png")
    model = Classifier(build(TEXT), TEXT, ("a", "b", "c"), Preprocess(1, 8, 8))
    (tmp_path / "runs" / "own").mkdir(parents=True)
    model.save(tmp_path / "runs" / "own" / "classifier.safetensors")
    with live_studio(tmp_path) as live:
        offer = json.loads(live.ask("/api/offer", live.enter()).text)
        addresses = {each["address"] for each in offer["networks"]}
        assert {"digits", "here/runs/own", "zoo/resnet18"} <= addresses
        images = {each["address"] for each in offer["images"]}
        assert {"here/cats/tom.png", "digits/0000", "drawn/house"} <= images
        with live.talk(live.enter()) as socket:
            said, _ = ask(socket, "layers", network="here/runs/own", image="here/cats/tom.png")
            assert said["note"] == "" and len(said["layers"]) == 7


def test_every_room_says_what_the_classifier_answers(tmp_path: Path) -> None:
    near = FeatureDistance(
        np.zeros(64, np.float32),
        np.eye(64, 1, dtype=np.float32),
        np.ones((1, 1), np.float32),
        np.zeros((3, 1), np.float32),
        1.0,
    )
    tree = Taxonomy.from_names(("up/a", "up/b", "c"))
    never = Promise(0.9, 0.9, False, (None,) * 3, 10, ((0.0, 0.0),))
    rules = {  # of vectors of length one, from the origin
        "far": Decision(distance=near, reject=RejectRule(None, 0.5, 0.05, 100)),
        "near": Decision(distance=near, reject=RejectRule(None, 5.0, 0.05, 100)),
        "climbs": Decision(promise=never, taxonomy=tree),
    }
    network, gray = build(TEXT), Preprocess(1, 8, 8)
    decided = {
        name: Classifier(network, TEXT, ("up/a", "up/b", "c"), gray, rule)
        for name, rule in rules.items()
    }
    painted = {"strokes": [], "target": -1, "against": -1, "methods": [], "apart": False}
    with live_studio(tmp_path, modules=decided) as found, found.talk(found.enter()) as socket:
        for name, model in decided.items():
            where = {"network": f"module/{name}"}
            (said, arrays), (heat, _) = (
                ask(socket, "layers", **where),
                ask(socket, "heat", **where, **painted),
            )
            predicted = model.predict(arrays["pixels"][..., 0].astype(np.uint8))
            wanted = {"class": predicted.label, "node": predicted.node, "words": predicted.words}
            assert said["answer"].items() >= wanted.items() and heat["answer"] == said["answer"]
            drawn, _ = ask(socket, "draw", **where, image="drawing", strokes=[[[3, 3], [3, 20]]])
            shown, _ = ask(socket, "layers", **where, image="drawing")
            assert drawn["answer"] == shown["answer"]
            assert (said["answer"]["class"] is None) == (name != "near")
            assert said["answer"]["words"].startswith("I don't know") == (name == "far")
            pixels = np.zeros((8, 8, 3), np.uint8)
            socket.send(pack({"id": 2, "kind": "frame", **where}, {"pixels": pixels}))
            assert hear(socket)[0]["answer"]["words"] == model.predict(pixels).words
