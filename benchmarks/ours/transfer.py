"""Transfer by Striate: a head on a trained backbone, as `striate train --pretrained` does it.

    python -m benchmarks.ours.transfer DATA --valid val --weights squeezenet1_1.pth --seed 0

With --unfreeze all the backbone is trained on; the images judged then take no part in choosing the
best epoch either: a part of train/ does that.
Prints JSON: seconds of the whole call of train(), from the files to the report; and which images
of the other folder the saved classifier tells right.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import striate as st
from striate.cli import wait_idly
from striate.events import ignore
from striate.model.prediction import Prediction


def main() -> None:
    """Learn, then say which images of the other folder are told right."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--valid", default="val")
    parser.add_argument("--backbone", default="squeezenet1_1")
    parser.add_argument("--weights", type=Path, help="left out: those that pip has brought")
    parser.add_argument("--unfreeze", help="layers that are trained on, or all")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    wait_idly()  # as the command does
    train = st.train  # loads torch, as importing fastai does
    with tempfile.TemporaryDirectory() as folder:
        data = chosen.data
        if chosen.unfreeze:
            data = Path(folder) / "data"
            data.mkdir()
            for name, part in (("train", "train"), ("test", chosen.valid)):
                (data / name).symlink_to((chosen.data / part).resolve())
        begun = time.perf_counter()
        model = train(
            data,
            out=Path(folder) / "run",
            callback=ignore,
            pretrained=chosen.backbone,
            weights=None if chosen.weights is None else str(chosen.weights),
            unfreeze=chosen.unfreeze,
            seed=chosen.seed,
            offline=True,
        ).model
        seconds = time.perf_counter() - begun
    always = model.answer_always()  # as fastai does: "I don't know" would count as wrong
    files = sorted(path for path in (chosen.data / chosen.valid).glob("*/*") if path.is_file())
    right = {
        str(path.relative_to(chosen.data)): isinstance(answer, Prediction)
        and answer.label == path.parent.name
        for path, answer in zip(files, always.predict_each(map(str, files)), strict=True)
    }
    print(json.dumps({"seconds": seconds, "right": right}))


if __name__ == "__main__":
    main()
