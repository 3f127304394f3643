"""How long an exported file takes, from the start of the program to the CSV.

    python -m benchmarks.sealed [--rounds 5] [--folder DIR] [--quick]

`striate predict FILE.onnx`, in float32 and in int8, over the photographs of ants and bees and for
one of them, beside a script of ONNX Runtime, Pillow and numpy that is written for this one network,
one of torch and one of Keras: all with MobileNetV2 at 224 pixels and two classes.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import (
    Report,
    Side,
    Sides,
    in_turns,
    look,
    parser,
    publish,
    ratio,
    raw,
    read,
    refuse_emulation,
    rounds_told,
    run,
)
from benchmarks.harness.process import ROOT
from benchmarks.predict import WEIGHTS, spread_out, summary

OURS, INT8, BARE = "Striate", "Striate, int8", "ONNX Runtime alone"
PEERS = (BARE, "torch", "Keras")


def main() -> None:
    """Classify with all in turns, and say what came of it."""
    made = parser((__doc__ or "").splitlines()[0], rounds=5)
    made.add_argument("--folder", type=Path, help="keeps what is exported, for the next time")
    chosen = read(made, needed=("data/hymenoptera", WEIGHTS))
    photographs = chosen.shared / "data" / "hymenoptera"
    refuse_emulation()
    machine = look()
    tables, findings, kept, ran = [], [], {}, chosen.rounds
    with tempfile.TemporaryDirectory() as name:
        folder = (chosen.folder or Path(name)).resolve()
        lost = prepare(folder, photographs, chosen.shared / WEIGHTS)
        for title, most in (("a folder", 8 if chosen.quick else 0), ("one photograph", 1)):
            place = Path(name) / title
            n = spread_out(photographs, place, 1, most=most)
            sides = in_turns(
                contestants(folder, place, chosen.peers), chosen.rounds, until=chosen.until
            )
            tables.append(summary(sides, n))
            against = ", ".join(
                f"{compare(sides, OURS, peer):.2f} times as fast as {peer}" for peer in PEERS
            )
            findings.append(
                f"{title} ({n:,}): Striate is {against}; in int8 "
                f"{compare(sides, INT8, BARE):.2f} times as fast as {BARE} in float32. Of {BARE} "
                f"it says another class for {count_others(folder, title)} of {n:,}."
            )
            kept[title] = raw(sides)
            ran = min(ran, len(sides[OURS]))
    publish(
        Report(
            name="sealed",
            title="Prediction with an exported file",
            command="make bench-sealed",
            method=(
                "Whole processes, from their start to the end of the CSV, the sides in turns, "
                "MobileNetV2 at 224 pixels in float32 but for the side in int8. The script of ONNX "
                "Runtime decodes, resizes and answers image after image, with its own threads; "
                "Striate decodes JPEG files smaller where they are much larger than needed; "
                "Keras's weights are random. " + rounds_told(ran, chosen.rounds, chosen.minutes)
            ),
            tables=tuple(tables),
            findings=(*findings, f"int8: {lost}."),
            machine=machine,
            raw=kept,
        ),
        chosen.out,
    )


def prepare(folder: Path, photographs: Path, weights: Path) -> str:
    """Learn the classifier and export it, unless that was done, and say what int8 loses."""
    told = folder / "int8.txt"
    if told.exists():
        return told.read_text("utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    environment = {"STRIATE_CACHE": str(folder / "cache")}
    module = [sys.executable, "-m"]
    learning = ["benchmarks.ours.classifier", photographs, "--weights", weights, "--out", folder]
    exporting = [
        *("benchmarks.ours.sealed", folder / "run", "--data", photographs, "--out", folder)
    ]
    run([*module, *map(str, learning)], environment=environment)
    said = run([*module, *map(str, exporting)], environment=environment)
    told.write_text(str(said.told["int8"]), "utf-8")
    return told.read_text("utf-8")


def contestants(folder: Path, photos: Path, peers: Path) -> list[Side]:
    """Give all sides, each of which writes NAME.csv beside the photographs' folder."""
    programs = ROOT / "benchmarks" / "peers"
    own = [sys.executable, "-m", "striate", "predict"]
    commands: dict[str, list[object]] = {
        OURS: [*own, folder / "full.onnx", photos, "--csv"],
        INT8: [*own, folder / "int8.onnx", photos, "--csv"],
        BARE: [
            *(sys.executable, programs / "onnxruntime_predict.py"),
            *(folder / "network.onnx", photos),
        ],
        "torch": [peers, programs / "torch_predict.py", folder / "weights.pt", photos],
        "Keras": [peers, programs / "keras_predict.py", photos],
    }

    def side(name: str, words: list[object]) -> Side:
        command = [str(word) for word in words]
        return Side(name, lambda _: command, output=folder / f"{photos.name} {name}.csv")

    return [side(name, words) for name, words in commands.items()]


def compare(sides: Sides, name: str, peer: str) -> float:
    """Give how many times as long a peer's process takes."""
    return ratio([ran.seconds for ran in sides[peer]], [ran.seconds for ran in sides[name]])


def count_others(folder: Path, title: str) -> int:
    """Count the photographs for which the bare script names another class, refused or not."""
    with (folder / f"{title} {OURS}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (folder / f"{title} {BARE}.csv").open(encoding="utf-8", newline="") as file:
        other = {Path(row[0]).name: [float(each) for each in row[3:]] for row in csv.reader(file)}
    classes = [name for name in rows[0] if name.startswith("p:")]
    count = 0
    for row in rows:
        ours = [float(row[name]) for name in classes]
        theirs = other[Path(row["file"]).name]
        count += ours.index(max(ours)) != theirs.index(max(theirs))
    return count


if __name__ == "__main__":
    main()
