"""How long `striate describe NAME` takes as a whole process, beside torch doing a like table.

The peer is a process that imports torch and torchvision, makes torchvision's model on the meta
device, where no weights are drawn and nothing is computed, and prints what
`torch.utils.flop_counter` counts for each module, and the parameters. Both are started in turns;
medians are printed, and the ratio. Run it on a quiet machine:

    python benchmarks/describe.py [--rounds 9] [NAME ...]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from statistics import median

from striate.architecture import zoo

OURS = "import sys; from striate.cli import main; sys.argv[0] = 'striate'; main()"
PEER = """
import sys, torch
library = torch.library.Library("torchvision", "DEF")  # a CPU build of torch lacks these two
for name in ("nms(Tensor dets, Tensor scores, float iou_threshold)",
             "qnms(Tensor dets, Tensor scores, float iou_threshold)"):
    try:
        library.define(name + " -> Tensor")
    except RuntimeError:
        pass  # torchvision has brought them
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models
name, side = sys.argv[1], int(sys.argv[2])
extra = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
with torch.device("meta"):
    model = getattr(models, name)(**extra).eval()
    image = torch.empty(1, 3, side, side)
counter = FlopCounterMode(display=False, depth=4)
with counter, torch.no_grad():
    model(image)
for address, counts in counter.get_flop_counts().items():
    print(address, sum(counts.values()))
print(sum(parameter.numel() for parameter in model.parameters()))
"""
PEER_HAS = {
    *("alexnet", "vgg11", "vgg16", "googlenet", "inception_v3", "resnet18", "resnet50"),
    *("densenet121", "squeezenet1_1", "mobilenet_v2"),
}


def seconds(*command: str) -> tuple[float, float]:
    """Time one process from its start to its end; give what the processor did of it, too."""
    begun, worked = time.perf_counter(), os.times()
    subprocess.run(command, check=True, capture_output=True)
    after = os.times()
    worked_for = after.children_user + after.children_system
    worked_for -= worked.children_user + worked.children_system
    return time.perf_counter() - begun, worked_for


def main() -> None:
    """Print a row a network."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", default=list(zoo.names()))
    parser.add_argument("--rounds", type=int, default=9)
    chosen = parser.parse_args()
    print(f"whole processes, medians of {chosen.rounds}, in turns; load {os.getloadavg()[0]:.1f}")
    print("network         describe  processor     torch  ratio")
    for name in chosen.names:
        ours: list[tuple[float, float]] = []
        theirs: list[float] = []
        side = "299" if name == "inception_v3" else "224"
        for number in range(chosen.rounds + 1):
            mine = seconds(sys.executable, "-c", OURS, "describe", name)
            other = seconds(sys.executable, "-c", PEER, name, side) if name in PEER_HAS else None
            if number:  # the first of each warms the files up
                ours.append(mine)
                theirs += [] if other is None else [other[0]]
        whole, worked = (median(times[part] for times in ours) for part in (0, 1))
        peer = f"{median(theirs):7.2f} s {median(theirs) / whole:5.0f}x" if theirs else ""
        print(f"{name:14} {whole:7.3f} s {worked:8.3f} s {peer}", flush=True)


if __name__ == "__main__":
    main()
