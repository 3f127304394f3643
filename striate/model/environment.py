"""What a run is made with: versions, system, processor, devices."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from striate import __version__

PACKAGES = (
    "torch", "lightning-fabric", "numpy", "pillow", "onnx", "onnxruntime", "scikit-learn",
    "safetensors",
)  # fmt: skip
EXTRAS = ("openvino", "timm")


@dataclass(frozen=True)
class Environment:
    """What a run was made with.

    Attributes:
        versions: (package, version), Striate's own and Python's first.
        system: operating system and its version.
        processor: its name.
        cores: that the system has.
        gpus: names of CUDA devices.
    """

    versions: tuple[tuple[str, str], ...]
    system: str
    processor: str
    cores: int | None
    gpus: tuple[str, ...]

    @classmethod
    def here(cls) -> Environment:
        """Return what this process works with.

        >>> dict(Environment.here().versions)["striate"] == __version__
        True
        """
        import torch

        names = [*PACKAGES, *(name for name in EXTRAS if find_spec(name))]
        return cls(
            versions=(
                ("striate", __version__),
                ("python", platform.python_version()),
                *((name, version(name)) for name in names),
            ),
            system=platform.platform(),
            processor=processor(),
            cores=os.cpu_count(),
            gpus=tuple(
                torch.cuda.get_device_name(each) for each in range(torch.cuda.device_count())
            ),
        )

    def as_json(self) -> dict[str, Any]:
        """Return plain values, as they stand in run.json."""
        return {**vars(self), "versions": dict(self.versions), "gpus": list(self.gpus)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Environment:
        """Return what `as_json` wrote."""
        versions = tuple(values["versions"].items())
        return cls(**{**values, "versions": versions, "gpus": tuple(values["gpus"])})


def processor() -> str:
    """Return the processor's name, as well as the system lets one find it."""
    path = Path("/proc/cpuinfo")
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
