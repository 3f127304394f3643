#!/usr/bin/env bash
# Guess: saving a picture with exif=exif leaves the Exif object as it was, so that one object
# serves several files.
# What happens: saving as AVIF takes the orientation out of the caller's object (AVIF keeps it in
# a field of its own). The AVIF file is right; every file saved after it with the same object,
# JPEG or PNG, lies on its side. If the object is picture.getexif(), the open picture itself has
# lost its orientation.
# Who is hurt: those who write the same photographs in several formats or sizes, in a loop: which
# files are turned wrongly depends on the order of the formats.
# Workaround: exif=exif.tobytes(), which is made anew for each file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0
cd "$folder"
nice venv/bin/python - <<'PY'
import PIL
from PIL import Image, ImageOps

print("pillow", PIL.__version__)
picture = Image.new("RGB", (64, 32))


def sizes(names, as_bytes):
    exif = Image.Exif()
    exif[274] = 6
    seen = {}
    for name in names:
        picture.save(name, exif=exif.tobytes() if as_bytes else exif)
        with Image.open(name) as saved:
            seen[name] = ImageOps.exif_transpose(saved).size
    return seen, dict(exif)


for names in (("a.jpg", "a.png", "a.webp"), ("a.jpg", "a.avif", "a.png", "a.webp")):
    seen, left = sizes(names, as_bytes=False)
    print("expected (32, 64) for each, tags {274: 6}; seen", seen, "tags", left)
    if "a.avif" in names:
        assert seen["a.avif"] == (32, 64)
        assert seen["a.png"] == seen["a.webp"] == (64, 32), "the behaviour has changed"
        assert left == {}, "the behaviour has changed: the object is kept"
    else:
        assert set(seen.values()) == {(32, 64)} and left == {274: 6}
    assert set(sizes(names, as_bytes=True)[0].values()) == {(32, 64)}, "the workaround fails"
PY
