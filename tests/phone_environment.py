"""An environment for `--to litert` with a stand-in toolchain, so that the real program runs there.

The stand-in writes the network as TorchScript and runs that; a fault can be built in. What is
tested by it is all but LiteRT: the program, what goes back and forth, the comparison.
"""

from __future__ import annotations

import sys
from pathlib import Path

CONVERTER = """
import torch
from pathlib import Path

FAULT = Path(__file__).with_name("fault")

class Edge:
    def __init__(self, network, images):
        self.network, self.images = network, images

    def export(self, path):
        wrong = FAULT.read_text() if FAULT.exists() else ""
        named = self.network.named_parameters()
        found = [value for name, value in named if wrong and wrong in name]
        with torch.no_grad():
            for value in found:
                value.mul_(1.5)
            torch.jit.trace(self.network, self.images, check_trace=False).save(path)
            for value in found:
                value.div_(1.5)

def convert(network, images, strict_export):
    print("what a library prints is no answer")
    return Edge(network, images)
"""
INTERPRETER = """
import torch

class Interpreter:
    def __init__(self, path):
        self.network = torch.jit.load(path)

    def allocate_tensors(self):
        pass

    def get_input_details(self):
        return [{"index": 0}]

    def get_output_details(self):
        with torch.inference_mode():
            rows = self.network(torch.zeros(1, *SHAPE))
        return [{"index": number} for number in range(len(rows))]

    def set_tensor(self, place, image):
        self.image = torch.from_numpy(image)

    def invoke(self):
        with torch.inference_mode():
            self.said = self.network(self.image)

    def get_tensor(self, place):
        return self.said[place].numpy()
"""


def make_stand_in(folder: Path, shape: tuple[int, int, int]) -> Path:
    """Make the environment for images of one shape: (rows, columns, channels)."""
    packages = folder / "packages"
    files = {
        "litert_torch/__init__.py": CONVERTER,
        "ai_edge_litert/__init__.py": "",
        "ai_edge_litert/interpreter.py": f"SHAPE = {shape}\n{INTERPRETER}",
        "litert_torch-0.1.dist-info/METADATA": "Name: litert-torch\nVersion: 0.1\n",
        "ai_edge_litert-0.2.dist-info/METADATA": "Name: ai-edge-litert\nVersion: 0.2\n",
    }
    for name, text in files.items():
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text(text)
    # the option -I, which it is started with, would keep PYTHONPATH from it
    make_python(folder, f'shift; PYTHONPATH="{packages}" exec "{sys.executable}" "$@"')
    return folder


def build_in_fault(folder: Path, layer: str) -> None:
    """Let the stand-in convert a layer wrongly."""
    (folder / "packages" / "litert_torch" / "fault").write_text(layer)


def make_python(folder: Path, script: str) -> Path:
    """Make an environment whose Python is a line of the shell."""
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return folder
