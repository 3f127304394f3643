"""A classifier written into a file, and the proof that travels with it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.deployment import exporting
from striate.deployment.exporting import ExportSettings, export
from striate.deployment.golden_images import FORMULA, draw, draw_golden_images
from striate.deployment.proof import find_parting
from striate.deployment.sealed_file import read_sealed
from striate.deployment.sealed_graph import build_sealed_graph
from striate.deployment.verification import verify
from striate.errors import ClassifierError, ProofError, SettingError
from striate.model.classifier import Classifier
from striate.model.decision import Decision, Promise, RejectRule, Taxonomy
from striate.model.json_value import Json, JsonObject

TEXT = "input 1x12x12 classes=2 > conv 4 > relu > maxpool 2 > conv 4 > relu > gap > flatten > fc"
SEEN = {"train": np.array([0x1122334455667788, 0x99AABBCCDDEE0011], np.uint64)}


@pytest.fixture(scope="module")
def model() -> Classifier:
    return Classifier(
        build(TEXT, seed=1),
        TEXT,
        ("été", "winter"),
        Preprocess(1, 12, 12, draft=True),
        metrics={"n": 10, "accuracy": 0.9, "notes": ["secret-note.png"], "evaluated": "secret/val"},
        data={
            "source": "/home/secret/photos",
            "name": "secret",
            "images": 10,
            "fixes": "secret.csv",
        },
        training={"backbone": "squeezenet1_1 with the weights of secret.pth", "epochs": 2},
        seen=SEEN,
    )


@pytest.fixture(scope="module")
def exported(model: Classifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sealed") / "seasons.onnx"
    done = export(model, path, settings=ExportSettings(batch=True), progress=False)
    assert done.verification.holds
    assert done.proof.network < 1e-6
    return path


def test_a_file_holds_its_classifier_and_sixteen_images(exported: Path, model: Classifier) -> None:
    sealed = read_sealed(exported)
    assert sealed.classes == model.classes
    assert sealed.preprocess == model.preprocess
    assert len(sealed.golden) == len(sealed.expected) == 16
    assert sum(len(image.content or b"") for image in sealed.golden) < 200_000
    assert sum(image.content is not None for image in sealed.golden) >= 4
    assert max(sealed.levels.values()) < 1e-5


def test_nothing_in_a_file_says_where_the_images_were(exported: Path, model: Classifier) -> None:
    for path in (exported, exported.with_name("seasons.batch.onnx")):
        content = path.read_bytes()
        for told in (b"secret", b"/home", b"/work", str(Path.home()).encode(), b".py", b".pth"):
            assert told not in content, told
        for hashed in SEEN["train"]:
            assert hashed.tobytes() not in content
            assert base64.b64encode(hashed.tobytes())[:10] not in content


def test_hashes_go_with_it_where_they_are_asked_for(model: Classifier, tmp_path: Path) -> None:
    import onnx

    export(model, tmp_path / "a.onnx", settings=ExportSettings(with_hashes=True), progress=False)
    entries = onnx.load(tmp_path / "a.onnx").metadata_props
    document = json.loads(next(each.value for each in entries if each.key == "striate"))
    found = np.frombuffer(base64.b64decode(document["hashes"]["train"]), "<u8")
    assert set(found.tolist()) == set(SEEN["train"].tolist())


def test_the_checker_of_onnx_has_nothing_to_say(exported: Path) -> None:
    import onnx

    for path in (exported, exported.with_name("seasons.batch.onnx")):
        onnx.checker.check_model(onnx.load(path), full_check=True)


def test_a_single_weight_that_has_changed_is_found(exported: Path, tmp_path: Path) -> None:
    content = bytearray(exported.read_bytes())
    place = content.index(b"conv1.weight") + 40
    content[place] ^= 1
    (tmp_path / "bent.onnx").write_bytes(content)
    found = verify(tmp_path / "bent.onnx", progress=False)
    assert found.damaged
    assert not found.holds
    assert "SHA-256" in found.failures


def test_a_file_that_is_cut_off_or_anothers_is_refused_in_a_line(
    exported: Path, tmp_path: Path
) -> None:
    (tmp_path / "cut.onnx").write_bytes(exported.read_bytes()[:5000])
    with pytest.raises(ClassifierError, match="cut off or damaged"):
        read_sealed(tmp_path / "cut.onnx")
    (tmp_path / "empty.onnx").write_bytes(b"")
    with pytest.raises(ClassifierError, match="cut off or damaged"):
        read_sealed(tmp_path / "empty.onnx")
    plain = build_sealed_graph(Classifier(build(TEXT), TEXT, ("a", "b"), Preprocess(1, 12, 12)))
    (tmp_path / "plain.onnx").write_bytes(plain.model.to_bytes())
    with pytest.raises(ClassifierError, match="no file that `striate export` wrote"):
        read_sealed(tmp_path / "plain.onnx")


def test_a_file_that_is_there_is_not_replaced(exported: Path, model: Classifier) -> None:
    before = exported.read_bytes()
    with pytest.raises(SettingError, match="exists already"):
        export(model, exported, progress=False)
    assert exported.read_bytes() == before


def test_weights_that_were_exported_wrongly_leave_no_file(
    model: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = build_sealed_graph(model)
    wrong = dict(whole.model.constants)
    wrong["conv2.weight"] = wrong["conv2.weight"] * np.float32(1.5)
    bent = replace(whole, model=replace(whole.model, constants=wrong))
    monkeypatch.setattr(exporting, "build_sealed_graph", lambda classifier: bent)
    with pytest.raises(ProofError, match="they part at the layer 'conv2'"):
        export(model, tmp_path / "wrong.onnx", progress=False)
    assert not list(tmp_path.iterdir())


def test_where_all_layers_agree_it_is_said(model: Classifier) -> None:
    pixels = np.full((1, 1, 12, 12), 77, np.float32)
    assert "every layer agrees" in find_parting(build_sealed_graph(model), model, pixels)


def test_an_interrupted_export_leaves_nothing(
    model: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(path: Path, content: bytes) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", stop)
    with pytest.raises(KeyboardInterrupt):
        export(model, tmp_path / "half.onnx", progress=False)
    assert not list(tmp_path.iterdir())


def test_the_formula_is_what_it_says() -> None:
    assert "73856093" in FORMULA
    for seed, rows, columns in ((1, 20, 30), (7, 3, 700), (45, 600, 2)):
        y, x, c = np.meshgrid(*map(np.arange, (rows, columns, 3)), indexing="ij")
        wave = (y * (1 + seed % 5) + x * (1 + seed % 3) + c * 60 + seed * 37) % 510
        wave = np.where(wave > 255, 510 - wave, wave)
        noise = y * 73856093 ^ x * 19349663 ^ (c + 1) * 83492791 ^ seed * 40503
        noise = (noise % 2**32 >> 13) & 63
        assert np.array_equal(draw(seed, rows, columns), wave * 3 + noise * 4 >> 2)


def test_the_same_seed_draws_the_same_images() -> None:
    one, two, other = draw_golden_images(3), draw_golden_images(3), draw_golden_images(4)
    assert [each.as_json() for each in one] == [each.as_json() for each in two]
    assert one[0].seed != other[0].seed


def test_the_card_says_what_it_can_do_and_escapes_every_name() -> None:
    from striate.deployment.model_card import make_model_card
    from striate.model.classifier_document import ClassifierDocument

    figures = {"n": 200, "accuracy": 0.9, "accuracy_low": 0.85, "accuracy_high": 0.93}
    rows: list[Json] = [
        {"name": "<b>", "n": 9, "precision": 1.0, "recall": 0.5, "recall_low": None}
    ]
    reject: JsonObject = {"probability": 0.6, "distance": None, "false_refusals": 0.05, "n": 100}
    card = make_model_card(
        ClassifierDocument(
            network=None,
            classes=("<b>", "c"),
            ids=(),
            preprocess={},
            calibration={"reject": reject},
            metrics={**figures, "per_class": rows},
            data={"counts": {"train": {"<b>": 3, "c": 4}, "test": {"<b>": 0}}},
            training={},
        ),
        1234,
    )
    lines = dict(card.lines)
    assert lines["Images"] == "7 train"
    assert lines["Figures"].startswith("accuracy 90.0 % of 200 images (95 % interval 85.0 %")
    assert "below a probability of 0.6" in lines['"I don\'t know"']
    assert "<b>" not in card.html()
    assert "&lt;b&gt;" in card.html()


def test_the_card_is_in_the_file(exported: Path) -> None:
    assert "Classifier of 2 classes" in read_sealed(exported).card


def test_images_are_made_that_a_careful_classifier_accepts(model: Classifier) -> None:
    from striate.deployment.accepted_images import make_accepted_images
    from striate.deployment.sealed_graph import find_network

    careful = replace(model, decision=Decision(0.2, reject=RejectRule(0.9, None, 0.05, 100)))
    made = make_accepted_images(careful, find_network(careful), 0, lambda event: None)
    again = make_accepted_images(careful, find_network(careful), 0, lambda event: None)
    assert [image.content for image in made] == [image.content for image in again]
    said = {
        int(careful.decide(model.preprocess.pixels(image.content or b"")[None]).classes[0])
        for image in made
    }
    assert (len(made), said) == (2, {0})  # its weights are drawn, and it knows no other class
    assert all("activation maximisation" in image.made for image in made)


def test_nodes_above_the_classes_are_answered_in_the_proof_and_told_apart_from_refusals(
    tmp_path: Path,
) -> None:
    text = TEXT.replace("classes=2", "classes=3")
    tree = Taxonomy.from_names(names := ("insect/ant", "insect/bee", "tree"))
    promise = Promise(0.9, 0.9, False, (None,) * 3, 100, levels=((0.8, 0.8),))
    climbing = Classifier(
        build(text, seed=1),
        text,
        names,
        Preprocess(1, 12, 12),
        decision=Decision(0.1, promise=promise, taxonomy=tree),
    )
    done = export(climbing, tmp_path / "tree.onnx", progress=False)
    sealed = read_sealed(tmp_path / "tree.onnx")
    given = [answer.node for answer in sealed.expected if answer.node is not None]
    assert all(answer.label == -1 for answer in sealed.expected)  # no class is promised
    above, answered = {node for node in given if node >= 3}, sum(node >= 0 for node in given)
    assert above and answered
    made = sum("activation maximisation" in image.made for image in sealed.golden)
    assert made
    nodes = "1 node" if len(above) == 1 else f"{len(above)} nodes"
    assert (
        f"of the golden images {answered} are answered, by {nodes} above, and the rest are "
        f"refused; {made} were made for that by activation maximisation"
    ) in done.notes
