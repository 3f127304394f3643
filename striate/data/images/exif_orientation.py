"""Which way up an image is: EXIF's orientation, 1 to 8, as a camera writes it."""

from __future__ import annotations

from PIL import ExifTags, Image

from striate.data.images.damaged_files import UNREADABLE

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# The slack of an image decoded smaller (its sides divided and rounded up) lies at the right and
# at the bottom of what is stored. These orientations bring it to the other side.
SLACK_ABOVE = {3, 4, 7, 8}
SLACK_AT_LEFT = {2, 3, 6, 7}


def read_orientation(image: Image.Image, said: list[str]) -> int:
    """Return how a stored image lies: 1 upright, 2 to 8 as `TURNS` mends it.

    From 5 on rows are stored as columns.

    Args:
        image: as Pillow has opened it.
        said: is told of EXIF data that is damaged, which stands for upright.
    """
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except UNREADABLE:
        said.append("its EXIF data is damaged: taken as upright")
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
