"""striate convolve --then, --numbers, --as-matrix, --loops and pages, as they are used."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import drawn
import numpy as np
import pytest
from shell import striate

from striate.terminal.wrapping import count_columns

SMILE = "0000000/0100010/0000000/0001000/0100010/0011100/0000000"
DETECTOR = "0 0 1; 1 0 0; 0 1 1"
THEN = "flatten > fc 2 > softmax"
PARAMETERS = {
    "fc1.weight": [[1, 0, 0, 1, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 1, 0, 0]],
    "fc1.bias": [-3, 1],
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with parameters and a drawn photo."""
    (tmp_path / "p.json").write_text(json.dumps(PARAMETERS), "utf-8")
    drawn.image("disc", 1, (60, 40)).save(tmp_path / "photo.png")
    return tmp_path


def test_the_smile_goes_from_its_filter_to_a_lower_loss(place: Path) -> None:
    arguments = [
        *("convolve", SMILE, "--filter", DETECTOR, "--pool", "max", "--then", THEN),
        *("--parameters", "p.json", "--classes", "smile,other", "--label", "smile"),
    ]
    found = json.loads(striate(*arguments, "--at", "fc1 0", "--json", cwd=place).stdout)
    path = found["path"]
    assert [step["address"] for step in path["steps"]] == [
        *("image", "conv1", "maxpool1", "flatten1", "fc1", "softmax1"),
    ]
    assert path["steps"][1]["values"] == [found["map"]]
    assert path["steps"][2]["values"] == [[[1, 1, 0], [4, 2, 1], [0, 2, 1]]]
    assert path["steps"][4]["values"] == [2, 1]
    assert found["at"]["value"] == 2
    assert sum(t["product"] for t in found["at"]["terms"]) + found["at"]["bias"] == 2
    share = path["loss"]["outputs"][0]
    assert path["loss"]["score_gradient"] == pytest.approx([share - 1, 1 - share])
    assert path["descent"]["after"] < path["descent"]["before"] == path["loss"]["value"]
    said = striate(*arguments, cwd=place).stdout
    for line in (
        "fc1[0] = 1*1 + 1*0 + 0*0 + 4*1 + 2*0 + 1*0 + 0*0 + 2*0 + 1*0 + (-3) = 2",
        "softmax1[0] = e^2/(e^2 + e^1) = 7.38906/10.1073 = 0.731059",
        "L = -ln(0.731059) = 0.313262",
        "dL/d fc1 = y - t, behind softmax1 and cross-entropy",
        "[0, 3] (-0.268941)*4 = -1.07577",
        "one step of gradient descent: parameter - 0.1 * gradient",
        "after: lower",
    ):
        assert line in said, line


@pytest.mark.parametrize("width", [80, 100])
def test_lines_fit_the_terminal(place: Path, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    calls = (
        ("convolve", SMILE, "--filter", DETECTOR, "--then", THEN, "--label", 0, "--loops"),
        ("convolve", "photo.png", "--filter", "blur", "--then", "gap > flatten > fc 2"),
        ("convolve", "photo.png", "--numbers", "--as-matrix", "--filter", "sobel-x"),
        ("convolve", "0.125 3/5 1", "--then", "conv 3 > tanh > flatten > fc 9", "--label", 8),
    )
    for call in calls:
        lines = striate(*call, cwd=place).stdout.split("\n")
        assert [line for line in lines if count_columns(line) > width] == [], call


def test_text_alone_needs_no_filter(place: Path) -> None:
    network = "flatten > fc 4 > sigmoid > fc 4 > sigmoid > fc 1 > sigmoid"
    found = json.loads(
        striate("convolve", "1 0 2", "--then", network, "--label", 1, "--json").stdout
    )
    assert found["map"] is None and found["path"]["loss"]["name"] == "binary cross-entropy"
    assert [len(step["values"]) for step in found["path"]["steps"][2:]] == [4, 4, 4, 4, 1, 1]
    said = striate("convolve", "1 0 2", "--then", network, cwd=place).stdout
    assert "no label: without one there is no loss" in said


def test_an_image_is_shown_as_its_matrices(place: Path) -> None:
    said = striate("convolve", "photo.png", "--numbers", "--at", "10,20", cwd=place).stdout
    assert "the image is 3 matrices of 40x60 numbers" in said
    assert "shown: rows 10 to 21, columns 20 to 31" in said
    found = json.loads(striate("convolve", "photo.png", "--numbers", "--json", cwd=place).stdout)
    from PIL import Image

    with Image.open(place / "photo.png") as photo:
        pixels = np.asarray(photo.convert("RGB"))
    assert np.array_equal(np.moveaxis(np.array(found["numbers"]["matrices"]), 0, 2), pixels)
    assert found["numbers"]["channels"] == ["red", "green", "blue"]
    rows = re.findall(r"^  ([\d ]+)$", said, re.M)
    assert [int(n) for n in rows[0].split()] == pixels[10, 20:32, 0].tolist()


def test_a_page_is_written_and_tells_its_command(place: Path) -> None:
    said = striate(
        *("convolve", SMILE, "--filter", DETECTOR, "--pool", "max", "--then", THEN, "--label", "0"),
        *("--out", "new/page.html"),
        cwd=place,
    )
    assert "made the folder new\nwrote new/page.html: a page with every number\n" in said.stderr
    page = (place / "new" / "page.html").read_text("utf-8")
    assert "How to repeat it" in page and "--pool" in page
    said = striate("convolve", SMILE, "--filter", "blur", "--relu", "--out", "f.html", cwd=place)
    assert "The loops, and what they cost" in (place / "f.html").read_text("utf-8")
    assert "drawn with seed" not in (place / "f.html").read_text("utf-8")


def test_the_matrix_is_drawn_beside_the_patches(place: Path) -> None:
    from striate.data.images import read

    said = striate(
        *("convolve", SMILE, "--filter", DETECTOR, "--as-matrix", "--view", "matrix"),
        *("--out", "t.png"),
        cwd=place,
    )
    assert "wrote t.png: the matrix beside im2col" in said.stderr
    assert (read(place / "t.png") == (213, 94, 0)).all(axis=2).any()
    found = json.loads(
        striate("convolve", SMILE, "--filter", DETECTOR, "--as-matrix", "--json", cwd=place).stdout
    )["convolution_matrix"]
    assert (found["size"], found["entries"]) == ([25, 49], 225)
    assert max(v for name, v in found.items() if name.startswith("difference")) < 1e-12


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing is asked for; give --filter, as sharpen"),
        (["--label", "a"], "--label belongs to a network; give --then"),
        (["--filter", "1", "--parameters", "p.json"], "--parameters belongs to a network"),
        (["--then", THEN, "--learning-rate", "1"], "--learning-rate needs --label"),
        (["--then", THEN, "--label", "x"], "the label is 'x'; expected one of the classes 0, 1"),
        (["--then", THEN, "--classes", "a,,b"], "--classes is 'a,,b'; expected names"),
        (["--then", THEN, "--classes", "a,b,c"], "but there are 3 classes, a, b, c"),
        (["--then", THEN, "--label", "0", "--learning-rate", "-1"], "the learning rate is -1.0"),
        (["--then", THEN, "--parameters", "none.json"], "'none.json' cannot be read"),
        (["--then", THEN, "--parameters", "bad.json"], "'bad.json' is no JSON"),
        (["--then", THEN, "--parameters", "list.json"], "'list.json' holds no object of names"),
        (["--then", THEN, "--parameters", "odd.json"], "'fc1.bias' holds no array of numbers"),
        (["--then", THEN, "--parameters", "p.json"], "'fc1.weight' is 2x9, expected 2x4"),
        (["--then", "flatten > fc 0"], "fc got units=0"),
        (["--then", ""], "the network is empty"),
        (["--then", THEN, "--at", "fc9 0"], "the network has no layer 'fc9'; it has fc1"),
        (["--then", THEN, "--at", "fc1 5"], "'fc1' has no value at 5; expected feature 0 to 1"),
        (["--then", THEN, "--at", "fc1.weight 0"], "'fc1.weight' has no gradient without a label"),
        (["--then", THEN, "--at", "fc1.b 0", "--label", "0"], "no parameter 'fc1.b'; it has fc1"),
        (["--then", THEN, "--at", "?"], "--at is '?'; expected a layer and a place"),
        (["--then", THEN, "--at", "1,1"], "no filter made a map; name a layer"),
        (["--then", THEN, "--out", "a.png"], "an image is drawn of a filter's map alone"),
        (["--numbers", "--out", "a.html"], "a page shows a filter or a network at work"),
        (["--numbers", "--at", "9,9"], "the image has no row 9, column 9; it has rows 0 to 1"),
        (["--filter", "1", "--out", "a.txt"], "expected a name that ends in .png for an image"),
        (["--filter", "1", "--view", "matrix", "--out", "a.png"], "give --as-matrix"),
    ],
)
def test_a_mistake_is_one_clear_line(place: Path, arguments: list[str], said: str) -> None:
    (place / "bad.json").write_text("{", "utf-8")
    (place / "list.json").write_text("[1]", "utf-8")
    (place / "odd.json").write_text('{"fc1.bias": [[1], [2, 3]]}', "utf-8")
    done = striate("convolve", "12/34", *arguments, cwd=place, code=2)
    assert done.stderr.startswith("striate: ") and said in done.stderr
    assert done.stdout == "" and not (place / "a.png").exists()
    if "\n  line" not in done.stderr:
        assert done.stderr.count("\n") == 1


def test_torch_is_not_loaded(place: Path) -> None:
    script = (
        "import sys\n"
        "from striate.cli import main\n"
        f"sys.argv = ['striate', 'convolve', {SMILE!r}, '--filter', 'blur', '--then', {THEN!r},"
        " '--label', '0', '--as-matrix', '--loops', '--numbers', '--out', 'o.html']\n"
        "main()\n"
        "assert 'torch' not in sys.modules and 'sklearn' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=place, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
