"""The exported files that prediction is measured with, and the network alone as plain ONNX.

    python -m benchmarks.ours.sealed RUN --data DATA --out FOLDER

Writes FOLDER/full.onnx, FOLDER/int8.onnx and FOLDER/network.onnx, and prints what is lost in int8.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import striate as st
from striate.deployment.exporting import ExportSettings, export
from striate.deployment.quantization.int8_form import Int8Settings
from striate.deployment.sealed_graph import find_network, write_network
from striate.events import ignore


def main() -> None:
    """Export the run in both forms."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    model = st.load(chosen.run)
    network = write_network(model, find_network(model))
    (chosen.out / "network.onnx").write_bytes(network.to_bytes())
    export(model, chosen.out / "full.onnx", callback=ignore)
    # what it loses is told, and refuses nothing here
    settings = ExportSettings(int8=Int8Settings(chosen.data, tolerate=0.5))
    done = export(model, chosen.out / "int8.onnx", settings=settings, callback=ignore)
    print(json.dumps({"int8": "" if done.int8 is None else done.int8.words}))


if __name__ == "__main__":
    main()
