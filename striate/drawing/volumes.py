"""A network drawn as volumes, as AlexNet's authors drew theirs."""

from __future__ import annotations

from striate.anatomy import Anatomy


def volumes(anatomy: Anatomy, *, width: int = 960) -> str:
    """Draw a network as volumes: the height, width and depth of what each layer gives.

    Args:
        anatomy: of the network, as `striate.anatomy.describe` gives it.
        width: of the drawing, in pixels; what does not fit goes on in the next row.
    """
    raise NotImplementedError
