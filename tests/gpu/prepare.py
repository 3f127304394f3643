"""Make the folder that tests/gpu/run.sh needs on a machine with a card and without a network.

    python tests/gpu/prepare.py FOLDER [--shared ../shared]

FOLDER gets wheels/ (what such a machine may lack, for Python 3.12 on Linux), photos/ (245 images
of 256 pixels on their shorter side, as JPEG files of two classes) and weights/ (a backbone's).
Without --shared the images are drawn, and there are no weights. It stays under 64 MiB.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

ROOT = Path(__file__).parents[2]
PYTHON = "3.12"
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
# torch, torchvision, numpy, scipy, scikit-learn, matplotlib and onnxruntime are large: the machine
# has them. Of the rest, run.sh installs what is missing there.
WHEELS = (
    "annotated-doc", "click",
    "fsspec", "jinja2", "lark", "lazy_loader", "lightning-fabric", "lightning-utilities",
    "markdown-it-py", "markupsafe", "mdurl", "packaging", "pillow", "psutil", "pygments", "pytest",
    "pytest-timeout", "pluggy", "iniconfig", "rich", "safetensors", "shellingham", "typer",
    "typing_extensions",
)  # fmt: skip
SHORTER, QUALITY, IMAGES = 256, 90, 245
BACKBONE = "weights/squeezenet1_1.pth"
LIMIT = 64 * 2**20  # bytes


def main() -> None:
    """Make it, and say how large it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True)
    download(chosen.folder / "wheels")
    photographs(chosen.shared / "data" / "hymenoptera" / "train", chosen.folder / "photos")
    if (chosen.shared / BACKBONE).exists():
        (chosen.folder / "weights").mkdir()
        shutil.copy(chosen.shared / BACKBONE, chosen.folder / BACKBONE)
    size = sum(path.stat().st_size for path in chosen.folder.rglob("*") if path.is_file())
    sys.stdout.write(f"{chosen.folder}: {size / 2**20:.1f} MiB\n")
    if size > LIMIT:
        sys.exit(f"that is more than {LIMIT / 2**20:.0f} MiB")


def pins() -> dict[str, str]:
    """Read the exact versions that the tests run with, by name as it stands there, in lower case.

    >>> pins()["lark"][0].isdigit()
    True
    """
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    return {name.lower(): number for name, number in re.findall(r"(\S+)==(\S+)", "\n".join(lines))}


def download(target: Path) -> None:
    """Download the wheels, of the versions in constraints.txt where these are named."""
    found = pins()
    wanted = [f"{name}=={found[name]}" if name in found else name for name in WHEELS]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"),
            *("--no-deps", "--only-binary=:all:", "--implementation", "cp"),
            *("--python-version", PYTHON, "--dest", str(target)),
            *(word for platform in PLATFORMS for word in ("--platform", platform)),
            *wanted,
        ],
        check=True,
    )


def photographs(source: Path, target: Path) -> None:
    """Write 245 JPEG files of two classes: those of a folder made smaller, or drawn ones."""
    if not source.exists():
        draw(target)
        return
    for path in sorted(path for path in source.rglob("*") if path.is_file()):
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGB")
        ratio = min(1.0, SHORTER / min(image.size))
        size = (round(image.width * ratio), round(image.height * ratio))
        (target / path.parent.name).mkdir(parents=True, exist_ok=True)
        smaller = target / path.parent.name / f"{path.stem}.jpg"
        image.resize(size, Image.Resampling.LANCZOS).save(smaller, quality=QUALITY)


def draw(target: Path) -> None:
    """Write as many JPEG files of a disc or a square on a noisy ground."""
    size = (SHORTER * 4 // 3, SHORTER)
    for number in range(IMAGES):
        image = Image.effect_noise(size, 40).convert("RGB")
        place = number % 150
        box = (place, 40 + place % 100, place + 90, 130 + place % 100)
        pencil, shape = ImageDraw.Draw(image), ("disc", "square")[number % 2]
        (pencil.ellipse if shape == "disc" else pencil.rectangle)(box, fill=(200, 60, 40))
        (target / shape).mkdir(parents=True, exist_ok=True)
        image.save(target / shape / f"{number:03}.jpg", quality=QUALITY)


if __name__ == "__main__":
    main()
