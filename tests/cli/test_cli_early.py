"""What is wrong is said before torch is loaded, and before anything is looked up."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

PROGRAM = """
import contextlib, json, socket, sys
from striate.cli import main
def refuse(*arguments, **options):
    raise AssertionError("a connection was opened")
socket.socket.connect = socket.getaddrinfo = refuse
said = {}
for words in json.loads(sys.argv[1]):
    sys.argv = ["striate", *words]
    with contextlib.suppress(SystemExit):
        main()
    said[" ".join(words)] = "torch" in sys.modules
print(json.dumps(said))
"""
WRONG = (
    "train gone",
    "train empty",
    "train gone --pretrained resnet18",
    "train gone --energy",
    "train digits --seeds 2",
    "train digits --seeds 3 --estimate",
    "train digits --epochs 0",
    "train digits --network rleu",
    "train digits --precision fp8",
    "train digits --device gpu",
    f"train digits --device {'cuda' if sys.platform == 'darwin' else 'mps'}",
    "train digits --pretrained nonet",
    "train digits --pretrained resnet18 --network fc",
    "train --resume gone",
    "label gone",
    "label empty --port 99999",
    "studio --port 99999",
    "report gone",
    "evaluate gone digits",
    "compare gone gone2",
    "explain gone gone.png",
    "predict gone gone.png",
    "experiment gone",
    "experiment depth --data gone",
    "import gone.keras --out made",
    "import cut.keras --out made",
    "import damaged.keras --out made",
    "import resnet18 --weights imagenet --classes gone.txt --out made",
    "import resnet18 --weights gone.pth --out made",
    "describe gone.cnn",
)


def test_wrong_use_loads_no_torch_and_looks_up_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.keras").write_bytes(b"PK\x03\x04 of a zip that was cut off")
    with zipfile.ZipFile(tmp_path / "damaged.keras", "w") as archive:
        archive.writestr("config.json", "{")
        archive.writestr("model.weights.h5", "no HDF5")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps([words.split() for words in WRONG])],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout.splitlines()[-1]) == dict.fromkeys(WRONG, False)
    assert done.stderr.count("striate: ") == len(WRONG), done.stderr
