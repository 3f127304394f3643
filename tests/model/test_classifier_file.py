"""Reading and writing are tested with the classifier; here is what only the file knows."""

from __future__ import annotations

import json
import os
import random
import stat
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import ClassifierError
from striate.model import classifier_file
from striate.model.classifier import Classifier
from striate.model.decision import Decision
from striate.model.loading import load

TEXT = "input 1x8x8 classes=2 > conv 2 > bn > relu > gap > flatten > fc"


def saved(path: Path) -> Path:
    seen = {"train": np.array([3, 2**64 - 1], np.uint64)}
    gray = Preprocess(1, 8, 8, mean=(0.5,), std=(0.25,))
    decision = Decision(1.5)
    return Classifier(build(TEXT), TEXT, ("dark", "light"), gray, decision, seen=seen).save(path)


def forged(path: Path, **changes: Any) -> Path:
    """A file whose document was changed and whose digest was made to fit again."""
    path = saved(path)
    (length,) = struct.unpack("<Q", path.read_bytes()[:8])
    header = json.loads(path.read_bytes()[8 : 8 + length])
    document = json.loads(header["__metadata__"]["striate"]) | changes
    tensors = load_file(path)
    document["digest"] = classifier_file.digest(document, tensors)
    save_file(tensors, path, metadata={"striate": json.dumps(document)})
    return path


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{", "damaged"),
        ("[]", "not of the format"),
        ('{"format": "other"}', "not of the format"),
        ('{"format": "striate-classifier"}', "format version None"),
        ('{"format": "striate-classifier", "format_version": 1}', "lacks 'network'"),
    ],
)
def test_a_document_that_is_none_is_one_clear_line(tmp_path: Path, entry: str, said: str) -> None:
    path = tmp_path / "odd.safetensors"
    save_file({"a": np.zeros(1)}, path, metadata={"striate": entry})
    with pytest.raises(ClassifierError, match=said) as caught:
        classifier_file.read(path)
    assert "\n" not in str(caught.value)


def test_the_digest_sees_names_kinds_shapes_and_values() -> None:
    one: dict[str, np.ndarray] = {"a": np.arange(6.0)}
    others: list[dict[str, np.ndarray]] = [
        {"b": np.arange(6.0)},
        {"a": np.arange(6.0).reshape(2, 3)},
        {"a": np.arange(6)},
        {"a": np.arange(6.0)[::-1]},
        {},
    ]
    digests = {classifier_file.digest({}, tensors) for tensors in [one, *others]}
    assert len(digests) == 6


def test_empty_and_single_tensors_have_a_digest() -> None:
    tensors = {"a": np.zeros(0), "b": np.array(3), "c": np.array(2.5)}
    assert len(classifier_file.digest({}, tensors)) == 64


def test_a_document_that_json_cannot_hold_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with pytest.raises(ValueError, match="JSON"):
        classifier_file.write(path, {"metrics": {"accuracy": float("nan")}}, {}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_flipped_bit_anywhere_is_found_or_changes_nothing(tmp_path: Path) -> None:
    path = saved(tmp_path / "model")
    whole, own = path.read_bytes(), load(path)
    weights = own.module.state_dict()
    rng = random.Random(0)
    refused = 0
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        try:
            again = load(path)
        except ClassifierError as error:
            refused += 1
            assert len(str(error).splitlines()) == 1, (place, error)
            continue
        assert (again.text, again.classes, again.preprocess) == (TEXT, own.classes, own.preprocess)
        assert (again.temperature, again.metrics) == (1.5, {})
        assert again.seen["train"].tolist() == own.seen["train"].tolist()
        for name, value in again.module.state_dict().items():
            assert torch.equal(value, weights[name]), place
    assert refused > 0.99 * len(whole)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes": []}, "different names"),
        ({"classes": ["dark", "dark"]}, "different names"),
        ({"classes": ["dark", 3]}, "different names"),
        ({"classes": [["dark"], {}]}, "different names"),
        ({"classes": ["dark", "light", "grey"]}, "ends with 2 values and there are 3 classes"),
        ({"calibration": {}}, "temperature"),
        ({"calibration": {"temperature": 0}}, "temperature"),
        ({"calibration": {"temperature": True}}, "temperature"),
        ({"calibration": {"temperature": "1"}}, "temperature"),
        ({"calibration": {"temperature": 10**400}}, "temperature"),
        ({"preprocess": {}}, "preprocessing"),
        ({"preprocess": Preprocess(1, 8, 8).as_json() | {"fit": ["pad"]}}, "fit"),
        ({"preprocess": Preprocess(1, 8, 8).as_json() | {"border": [1.5, 0, 0]}}, "border"),
        ({"preprocess": Preprocess(1, 8, 8).as_json() | {"mean": [10**400]}}, "mean"),
        ({"preprocess": Preprocess(1, 8, 8).as_json() | {"std": [True]}}, "std"),
        ({"network": "cnv 8 > fc"}, "did you mean 'conv'"),
        ({"network": ""}, "no network"),
        ({"digest": None, "metrics": []}, "metrics"),
        ({"format_version": True}, "format version"),
        ({"format_version": 99, "made_with": "?"}, "format version 99"),
    ],
)
def test_what_no_classifier_holds_is_one_clear_line(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    path = forged(tmp_path / "model", **changes)
    with pytest.raises(ClassifierError, match=said) as caught:
        load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("entry", ["NaN", "[" * 100_000, '{"format": Infinity}', "1" * 5000])
def test_json_that_python_alone_takes_is_refused(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "odd.safetensors"
    save_file({"a": np.zeros(1)}, path, metadata={"striate": entry})
    with pytest.raises(ClassifierError, match="damaged"):
        classifier_file.read(path)


def test_an_infinite_number_has_no_digest_to_fit(tmp_path: Path) -> None:
    path = saved(tmp_path / "model")
    entry = '{"format": "striate-classifier", "format_version": 1, "data": {"n": 1e999}}'
    save_file({"a": np.zeros(1)}, path, metadata={"striate": entry})
    with pytest.raises(ClassifierError):
        classifier_file.read(path)


@pytest.mark.skipif(os.name == "nt", reason="files have no such modes on Windows")
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_the_mode_of_the_file_follows_the_umask(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        path = saved(tmp_path / "model")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_place_that_takes_no_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.safetensors").mkdir()
    for place in ("file/model", "a" * 300, "nul\0", "folder"):
        with pytest.raises(ClassifierError, match="cannot be written to"):
            saved(tmp_path / place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.safetensors"]


def test_a_full_disk_is_one_clear_line_and_leaves_nothing(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="this system limits no file's size")
    script = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from striate.model import classifier_file\nfrom striate.errors import ClassifierError\n"
        "import numpy as np\nresource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
        "try:\n    classifier_file.write(Path(sys.argv[1]), {}, {'a': np.zeros(1000)}, {})\n"
        "except ClassifierError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "model.safetensors"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "cannot be written" in done.stdout
    assert "too large" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may read everything")
def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    path = saved(tmp_path / "model")
    path.chmod(0)
    with pytest.raises(ClassifierError, match="cannot be opened: Permission denied"):
        load(path)


def test_what_is_no_file_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match=r"no 'classifier.safetensors' in the folder"):
        load(tmp_path)
    for number in (0, 1):
        saved(tmp_path / f"seed-{number}" / "classifier")
    with pytest.raises(ClassifierError, match=r"holds 2 runs; give one of them, as .*seed-0$"):
        load(tmp_path)
    with pytest.raises(ClassifierError, match="cannot be opened: File name too long"):
        load("a" * 300)
    with pytest.raises(ClassifierError, match="there is no file"):
        load("nul\0")


def test_weights_alone_are_told_what_they_lack(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(2)}, tmp_path / "weights.pth")
    with pytest.raises(ClassifierError, match=r"holds weights, but not their network; name that"):
        load(tmp_path / "weights.pth")


def test_a_name_without_its_ending_means_the_file(tmp_path: Path) -> None:
    file = tmp_path / "squeeze.safetensors"
    file.write_bytes(b"")
    assert classifier_file.find_file(tmp_path / "squeeze") == file
    with pytest.raises(ClassifierError, match="there is no file"):
        classifier_file.find_file(tmp_path / "other")
