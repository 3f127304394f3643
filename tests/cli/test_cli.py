"""The command line as a person or a program uses it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import drawn
import pytest
from shell import spend, striate
from thoroughness import THOROUGH

from striate.cli import app
from striate.cli.train import options

TINY = "conv 8 > bn > relu > maxpool 2 > gap > flatten > fc"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos/ and a run of them in runs/photos."""
    place = tmp_path_factory.mktemp("place")
    drawn.folder(place / "photos", n=12)
    striate("train", "photos", "--network", TINY, "--epochs", 2, "--image-size", 16, cwd=place)
    return place


def test_train_prints_events_as_json_lines(tmp_path: Path) -> None:
    drawn.folder(tmp_path / "photos", n=8)
    done = striate(
        "train",
        "photos",
        "--network",
        TINY,
        "--epochs",
        2,
        "--image-size",
        16,
        "--json",
        cwd=tmp_path,
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [e["epoch"] for e in events if e["event"] == "epoch"] == [1, 2]
    assert events[-1]["event"] == "done"
    assert (tmp_path / events[-1]["model"]).is_file()
    assert (tmp_path / events[-1]["run"]).is_dir()


def test_train_shows_people_what_happens(tmp_path: Path) -> None:
    drawn.folder(tmp_path / "photos", n=8)
    done = striate("train", "photos", "--epochs", 1, "--image-size", 16, cwd=tmp_path)
    assert done.stdout == ""
    for said in ("unit(in*2, 2)", "val accuracy", "1/1", "report.html", "accuracy"):
        assert said in done.stderr, said


def test_evaluate_gives_the_stable_keys(place: Path) -> None:
    done = striate("evaluate", "runs/photos", "photos", "--json", cwd=place)
    result = json.loads(done.stdout)
    assert {
        "n",
        "accuracy",
        "accuracy_low",
        "accuracy_high",
        "cross_entropy",
        "classes",
        "confusion",
    } <= result.keys()
    assert result["n"] == 4  # the images it held out, not the 20 it learnt from
    assert "learnt from and are left out" in " ".join(result["notes"])
    people = striate("evaluate", "runs/photos/classifier.safetensors", "photos", cwd=place)
    assert "accuracy" in people.stdout
    assert "held out" in people.stdout + people.stderr


def test_predict_takes_files_folders_patterns_and_lists(place: Path) -> None:
    paths = sorted(str(path.relative_to(place)) for path in place.glob("photos/*/*.png"))
    by_folder = striate("predict", "runs/photos", "photos", "--json", cwd=place)
    answers = [json.loads(line) for line in by_folder.stdout.splitlines()]
    assert [answer["file"] for answer in answers] == paths
    for answer in answers:
        assert answer["probability"] == max(answer["probabilities"].values())
        assert set(answer["probabilities"]) == {"disc", "square"}
    by_pattern = striate("predict", "runs/photos", "photos/*/*.png", "--json", cwd=place)
    by_list = striate("predict", "runs/photos", "-", "--json", cwd=place, text="\n".join(paths))
    by_files = striate("predict", "runs/photos", *paths, "--json", cwd=place)
    assert by_folder.stdout == by_pattern.stdout == by_list.stdout == by_files.stdout


def test_predict_writes_csv_with_every_probability(place: Path) -> None:
    done = striate("predict", "runs/photos", "photos/disc", "--csv", cwd=place)
    table = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(table) == 12
    given = ["file", "class", "probability", "error", "best_guess", "refused"]
    assert list(table[0]) == [*given, "p:disc", "p:square"]
    assert float(table[0]["p:disc"]) + float(table[0]["p:square"]) == pytest.approx(1, abs=1e-4)


def test_a_bad_file_is_a_row_and_the_rest_go_on(place: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"nothing")
    good = place / "photos" / "disc" / "disc000.png"
    done = striate("predict", place / "runs/photos", bad, good, tmp_path / "gone.jpg", "--json")
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert set(first) == {"file", "error"}
    assert second["class"] in ("disc", "square")
    assert set(third) == {"file", "error"}
    table = striate("predict", place / "runs/photos", bad, good)
    assert "cannot be read" in table.stdout
    assert "1 image classified" in table.stderr
    assert ", 1 could not be read\n" in table.stderr
    striate("predict", place / "runs/photos", bad, code=2)


def test_copies_are_sorted_and_nothing_is_overwritten(place: Path, tmp_path: Path) -> None:
    for _ in range(2):
        striate("predict", "runs/photos", "photos", "--copy-to", tmp_path / "sorted", cwd=place)
    copies = sorted(path.name for path in tmp_path.glob("sorted/*/*.png"))
    assert len(copies) == 48
    assert {path.name for path in (tmp_path / "sorted").iterdir()} <= {"disc", "square"}
    assert len(list(place.glob("photos/*/*.png"))) == 24


def test_describe_gives_the_stable_keys(place: Path) -> None:
    text = "input 1x28x28 classes=10 > conv 8 > relu > maxpool 2 > flatten > fc"
    result = json.loads(striate("describe", text, "--json").stdout)
    keys = ["name", "input", "parameters", "macs", "receptive_field", "layers"]
    assert all(key in result for key in keys)
    assert result["parameters"] == 8 * 9 + 8 + 8 * 14 * 14 * 10 + 10
    layer = result["layers"][1] if result["layers"][0]["kind"] == "input" else result["layers"][0]
    keys = ["name", "kind", "output", "parameters", "macs", "receptive_field", "stride"]
    assert all(key in layer for key in keys)
    assert "conv" in striate("describe", "runs/photos", cwd=place).stdout
    given = striate("describe", "conv 8 > gap > flatten > fc", "--input", "3x9x9", "--classes", 2)
    assert "conv" in given.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train"], "give DATA"),
        (["train", "nowhere"], "nowhere"),
        (["train", "digits", "--resume", "runs/x"], "not the folder of a run"),
        (["train", "--resume", "nowhere"], "not the folder of a run"),
        (["train", "digits", "--network", "cnv 8"], "did you mean 'conv'"),
        (["train", "digits", "--epochs", "2", "--minutes", "1"], "both given"),
        (["evaluate", "nowhere.safetensors", "digits"], "there is no file"),
        (["predict", "nowhere.safetensors", "a.png"], "there is no file"),
        (["describe", "conv"], "channels"),
        (["describe", "missing.cnn"], "missing.cnn"),
        (["train", ""], "DATA is empty"),
        (["train", " "], "DATA is empty"),
        (["describe", ""], "the network is empty"),
        (["describe", "conv 8", "--input", "²x2x2"], "--input is '²x2x2'"),
        (["describe", "conv 8", "--input", "0x2x2"], "each from 1 to 1,000,000"),
        (["describe", "conv 8", "--input", "3x-1x2"], "each from 1 to 1,000,000"),
        (["describe", "conv 8", "--input", "3x1000001x2"], "each from 1 to 1,000,000"),
        (["describe", "conv 8", "--input", f"3x{'9' * 5000}x2"], "each from 1 to 1,000,000"),
    ],
)
def test_a_mistake_is_one_clear_line_and_ends_with_2(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = striate(*arguments, cwd=tmp_path, code=2)
    assert said in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "runs").exists()


def test_evaluating_nothing_is_refused(place: Path) -> None:
    done = striate("evaluate", "runs/photos", "", cwd=place / "photos" / "..", code=2)
    assert "the name of the data is empty" in done.stderr


def test_a_long_network_text_is_no_file_s_name() -> None:
    text = "input 1x8x8 classes=2 > " + "conv 8 > relu > " * 60 + "gap > flatten > fc"
    assert "conv60" in striate("describe", text).stdout
    assert (
        "3x9x9"
        in striate(
            "describe", "conv 8 > gap > flatten > fc", "--input", "3 X 9x09", "--classes", 2
        ).stdout
    )


def test_people_see_confusion_worst_images_and_each_note_once(place: Path) -> None:
    done = striate("evaluate", "runs/photos", "photos", cwd=place)
    assert "confusion matrix: true classes in rows, answers in columns" in done.stdout
    assert "the worst images" in done.stdout
    assert (done.stdout + done.stderr).count("learnt from and are left out") == 1


def test_help_costs_little_more_than_a_command_line_that_does_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "empty.py"
    empty.write_text(
        "import typer\n"
        "app = typer.Typer(no_args_is_help=True, add_completion=False, "
        "pretty_exceptions_enable=False, rich_markup_mode=None)\n"
        f"for name in {[verb.name for verb in app.registered_commands]}:\n"
        "    def verb() -> None: ...\n"
        "    app.command(name)(verb)\n"
        "app()\n"
    )
    own = tmp_path / "own.py"
    own.write_text("from striate.cli import main\nmain()\n")
    seconds: dict[Path, list[float]] = {empty: [], own: []}
    for _ in range(30):
        for script, taken in seconds.items():  # in turns, so that both see the same machine
            taken.append(spend(sys.executable, script, "--help"))
        least, most = min(seconds[empty]), min(seconds[own])
        if most <= 1.3 * least:  # other work only ever makes a run longer
            return
    pytest.fail(f"{most:.3f} s against {least:.3f} s, the shortest of 30 runs each")


def test_a_reader_that_goes_away_is_no_error(place: Path) -> None:
    script = f"{sys.executable} -m striate predict runs/photos photos photos photos | head -n 1"
    done = subprocess.run(script, shell=True, cwd=place, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_the_command_is_there_and_a_mistake_shows_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "striate", "train", "nowhere"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("striate: ")
    assert done.stderr.count("\n") == 1


def test_help_and_version_load_no_torch() -> None:
    script = (
        "import sys\nfrom striate.cli import app\n"
        "try:\n    app(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "assert not {'torch', 'numpy', 'PIL', 'matplotlib', 'sklearn'} & set(sys.modules)"
    )
    for arguments in (["--help"], ["--version"], ["train", "--help"]):
        subprocess.run([sys.executable, "-c", script, *arguments], check=True, capture_output=True)


def test_memory_does_not_grow_with_the_number_of_images(place: Path) -> None:
    script = (
        f"import sys\nsys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "from peak_memory import peak_bytes\nfrom striate.cli import main\n"
        "sys.argv = ['striate', 'predict', 'runs/photos', '-', '--json']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(peak_bytes(), file=sys.stderr)"
    )
    peaks = []
    for number in (1_000, 10_000 if THOROUGH else 4_000):
        done = subprocess.run(
            [sys.executable, "-c", script],
            input="photos/disc/disc000.png\n" * number,
            cwd=place,
            capture_output=True,
            text=True,
            check=True,
        )
        assert len(done.stdout.splitlines()) == number
        peaks.append(int(done.stderr.split()[-1]))
    assert peaks[1] <= 1.2 * peaks[0], peaks


def test_one_device_that_is_asked_for_is_not_one_that_is_left_out() -> None:
    """A run of two processes that is resumed with --devices 1 goes on with one."""
    defaults = {name: default for name, _, default in options()}
    assert defaults["devices"] is None
    assert defaults["seed"] == 0
