#!/usr/bin/env bash
# Guess: a photograph comes out of a Hugging Face data set the same, whether it was put in as its
# bytes or as the picture that Image.open makes of them.
# What happens: the bytes are kept as they are, and the picture is turned upright by its EXIF
# orientation when it is read. A picture that was opened from a stream (an archive, a request, a
# table) is encoded anew without its EXIF data: it stays on its side, and no tag is left to tell.
# A JPEG is also compressed a second time. (Opened by a file's name, the name is kept and all is
# well, which hides it.)
# Who is hurt: those who fill a set from a generator or with map(), as most tutorials do, with
# phone photographs: upright ones lie on their side in this set and stand in that made by
# imagefolder.
# Workaround: ImageOps.exif_transpose first, or hand over the bytes or the path.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check datasets==5.2.0 numpy==2.4.6 pillow==13.0.0
cd "$folder"
nice venv/bin/python - <<'PY'
import io
import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HOME"] = str(Path("cache").resolve())
import datasets
import PIL
from PIL import Image, ImageOps

print("datasets", datasets.__version__, "pillow", PIL.__version__)
exif = Image.Exif()
exif[274] = 6
Image.new("RGB", (64, 32)).save("photo.jpg", exif=exif)
features = datasets.Features({"image": datasets.Image()})


def size(value):
    return datasets.Dataset.from_dict({"image": [value]}, features=features)[0]["image"].size


photo = Path("photo.jpg").read_bytes()
by_bytes = size({"bytes": photo, "path": None})
by_picture = size(Image.open(io.BytesIO(photo)))
by_name = size(Image.open("photo.jpg"))
mended = size(ImageOps.exif_transpose(Image.open(io.BytesIO(photo))))
print("expected (32, 64); seen by bytes", by_bytes, "by an opened stream", by_picture, end=", ")
print("by an opened file", by_name, "turned first", mended)
assert by_bytes == by_name == mended == (32, 64)
assert by_picture == (64, 32), "the behaviour has changed: the orientation is kept"
PY
