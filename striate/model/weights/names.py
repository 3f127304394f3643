"""What the names of tensors tell: whose network they are of, and whether they are in order.

The networks of the zoo that torchvision has too are known by the names of torchvision's layers, so
that a file with these names fits whatever order it keeps them in. Elsewhere tensors are matched by
their order, and names can speak against that: features.3 before features.0 is not the order of
running.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

AUXILIARY = re.compile(r"(aux\d*|AuxLogits|aux_?(head|classifier|logits)\d*|auxiliary\w*)\.", re.I)
"""Heads that take part in training alone; the networks of the notation have none."""

SHORTCUT = re.compile(
    r"(^|[._])(downsample|shortcut|skip|projection|convshortcut)([._0-9]|$)", re.I
)

SCALES = ("layer_scale", "gamma")  # of a block of ConvNeXt, in torchvision and in timm

KINDS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")

# densenet121's file is older than torchvision's names: denselayer1.norm.1 is its norm1.
OLDER = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])(?=\.|$)")


def layer_of(name: str) -> str:
    """Return the layer that a tensor belongs to: features.3.squeeze.weight -> features.3.squeeze.

    >>> layer_of("features.3.squeeze.weight"), layer_of("weight")
    ('features.3.squeeze', '')
    """
    return name.rpartition(".")[0]


def kind_of(name: str) -> str:
    """Return what a tensor is of its layer: weight, bias, running_mean, running_var.

    >>> kind_of("bn1.running_mean"), kind_of("features.1.0.layer_scale")
    ('running_mean', 'weight')
    """
    kind = name.rpartition(".")[2]
    return "weight" if kind in SCALES else kind


def layers_in(names: Iterable[str]) -> list[str]:
    """Return the layers that tensors belong to, each once, as they come."""
    return list(dict.fromkeys(layer_of(name) for name in names))


def known_order(names: Iterable[str]) -> tuple[str, list[str]] | None:
    """Tell whose network the names are of, and bring them into its order of running.

    Args:
        names: of all tensors, in any order; a part that all share at the front does not count.

    Returns:
        Whose network, as "torchvision's resnet18", and the names of tensors in its order; None
        where the layers are those of none.

    >>> known_order(["classifier.1.weight", "features.0.weight"]) is None
    True
    """
    every = list(names)
    front = _shared_front(every)
    bare = {name: OLDER.sub(r"\1\2", name.removeprefix(front)) for name in every}
    found = set(layers_in(bare.values()))
    known = {f"torchvision's {name}": layers for name, layers in TORCHVISION.items()}
    for network, layers in (
        known | {f"timm's {name}": each for name, each in TIMM.items()}
    ).items():
        order = {layer: place for place, layer in enumerate(layers())}
        if found == order.keys():

            def place(name: str) -> tuple[int, int]:
                kind = kind_of(name)
                within = KINDS.index(kind) if kind in KINDS else len(KINDS)
                return order[layer_of(bare[name])], within  # noqa: B023 (used in this turn)

            return network, sorted(every, key=place)
    return None


def out_of_order(names: Iterable[str]) -> tuple[str, str] | None:
    """Return two names that show that these are not in the order of running, or None.

    Numbered parts of one parent count up where they run one after the other.

    >>> out_of_order(["features.3.weight", "features.12.weight", "features.0.weight"])
    ('features.12', 'features.0')
    >>> out_of_order(["conv1.weight", "layer1.0.conv1.weight", "layer1.1.conv1.weight"]) is None
    True
    """
    last: dict[str, tuple[int, str]] = {}
    for layer in layers_in(names):
        parts = layer.split(".")
        for depth, part in enumerate(parts):
            match = re.fullmatch(r"(.*?)(\d+)", part)
            if match is None:
                continue
            stem, number = ".".join([*parts[:depth], match[1]]), int(match[2])
            here = ".".join(parts[: depth + 1])
            before = last.get(stem)
            if before is not None and number < before[0]:
                return before[1], here
            last[stem] = (number, here)
    return None


def _shared_front(names: Sequence[str]) -> str:
    """Return the leading parts that all names share, with their dot: "backbone."."""
    front = ""
    first = names[0].split(".") if names else []
    for part in first[:-2]:
        if not all(name.startswith(f"{front}{part}.") for name in names):
            break
        front += f"{part}."
    return front


# ---------------------------------------------------------------- torchvision's layers, in order


def _numbered(before: str, numbers: Iterable[int]) -> Iterator[str]:
    return (f"{before}.{number}" for number in numbers)


def _vgg(convolutions: Iterable[int]) -> list[str]:
    return [*_numbered("features", convolutions), *_numbered("classifier", (0, 3, 6))]


def _alexnet() -> list[str]:
    return [*_numbered("features", (0, 3, 6, 8, 10)), *_numbered("classifier", (1, 4, 6))]


def _squeezenet() -> list[str]:
    fires = _numbered("features", (3, 4, 6, 7, 9, 10, 11, 12))
    within = [f"{fire}.{part}" for fire in fires for part in ("squeeze", "expand1x1", "expand3x3")]
    return ["features.0", *within, "classifier.1"]


def _resnet(blocks: Sequence[int], convolutions: int) -> list[str]:
    names = ["conv1", "bn1"]
    for stage, count in enumerate(blocks, 1):
        for block in range(count):
            within = f"layer{stage}.{block}"
            for number in range(1, convolutions + 1):
                names += [f"{within}.conv{number}", f"{within}.bn{number}"]
            if block == 0 and (stage > 1 or convolutions == 3):
                names += _numbered(f"{within}.downsample", (0, 1))
    return [*names, "fc"]


def _mobilenet() -> list[str]:
    names = [*_numbered("features.0", (0, 1))]
    for block in range(1, 18):
        within = f"features.{block}.conv"
        stages = 1 if block == 1 else 2  # the first block does not widen
        for stage in range(stages):
            names += _numbered(f"{within}.{stage}", (0, 1))
        names += _numbered(within, (stages, stages + 1))
    return [*names, *_numbered("features.18", (0, 1)), "classifier.1"]


def _densenet() -> list[str]:
    names = ["conv0", "norm0"]
    for block, count in enumerate((6, 12, 24, 16), 1):
        for layer in range(1, count + 1):
            within = f"denseblock{block}.denselayer{layer}"
            names += [f"{within}.{part}" for part in ("norm1", "conv1", "norm2", "conv2")]
        if block < 4:
            names += [f"transition{block}.norm", f"transition{block}.conv"]
    return [*(f"features.{name}" for name in [*names, "norm5"]), "classifier"]


def _units(names: Iterable[str]) -> list[str]:
    return [f"{name}.{part}" for name in names for part in ("conv", "bn")]


def _googlenet() -> list[str]:
    branches = ["branch1", "branch2.0", "branch2.1", "branch3.0", "branch3.1", "branch4.1"]
    blocks = ["3a", "3b", *(f"4{letter}" for letter in "abcde"), "5a", "5b"]
    within = [f"inception{block}.{branch}" for block in blocks for branch in branches]
    return [*_units(["conv1", "conv2", "conv3", *within]), "fc"]


def _inception() -> list[str]:
    names = ["1a_3x3", "2a_3x3", "2b_3x3", "3b_1x1", "4a_3x3"]
    names = [f"Conv2d_{name}" for name in names]
    narrow = "1x1 5x5_1 5x5_2 3x3dbl_1 3x3dbl_2 3x3dbl_3 _pool"
    middle = "1x1 7x7_1 7x7_2 7x7_3 7x7dbl_1 7x7dbl_2 7x7dbl_3 7x7dbl_4 7x7dbl_5 _pool"
    wide = "1x1 3x3_1 3x3_2a 3x3_2b 3x3dbl_1 3x3dbl_2 3x3dbl_3a 3x3dbl_3b _pool"
    blocks = {
        "5b 5c 5d": narrow,
        "6a": "3x3 3x3dbl_1 3x3dbl_2 3x3dbl_3",
        "6b 6c 6d 6e": middle,
        "7a": "3x3_1 3x3_2 7x7x3_1 7x7x3_2 7x7x3_3 7x7x3_4",
        "7b 7c": wide,
    }
    for which, branches in blocks.items():
        for block in which.split():
            names += [f"Mixed_{block}.branch{branch}" for branch in branches.split()]
    return [*_units(names), "fc"]


def _gated(within: str, *, widened: bool, gate: bool) -> list[str]:
    """Name an inverted residual block of EfficientNet or MobileNetV3, whose parts are numbered."""
    parts = [("0", "1")] * (2 if widened else 1) + [("fc1", "fc2")] * gate + [("0", "1")]
    return [f"{within}.block.{number}.{part}" for number, pair in enumerate(parts) for part in pair]


def _efficientnet() -> list[str]:
    names = [*_numbered("features.0", (0, 1))]
    for stage, count in enumerate((1, 2, 2, 3, 3, 4, 1), 1):
        for block in range(count):
            names += _gated(f"features.{stage}.{block}", widened=stage > 1, gate=True)
    return [*names, *_numbered("features.8", (0, 1)), "classifier.1"]


def _mobilenet_v3(gates: str) -> list[str]:
    """Name the layers, with a 1 for each block that has a gate."""
    names = [*_numbered("features.0", (0, 1))]
    for block, gate in enumerate(gates, 1):
        names += _gated(f"features.{block}", widened=block > 1, gate=gate == "1")
    names += _numbered(f"features.{len(gates) + 1}", (0, 1))
    return [*names, *_numbered("classifier", (0, 3))]


def _regnet() -> list[str]:
    names = [*_numbered("stem", (0, 1))]
    for stage, count in enumerate((1, 3, 6, 6), 1):
        for block in range(count):
            within = f"trunk_output.block{stage}.block{stage}-{block}"
            names += _numbered(f"{within}.proj", (0, 1) if block == 0 else ())
            names += [
                f"{within}.f.{part}" for part in ["a.0", "a.1", "b.0", "b.1", "se.fc1", "se.fc2"]
            ]
            names += _numbered(f"{within}.f.c", (0, 1))
    return [*names, "fc"]


CONVNEXT = (3, 3, 9, 3)  # blocks of each stage of the tiny one; what a block ends with is its scale


def _convnext() -> list[str]:
    names = [*_numbered("features.0", (0, 1))]
    for stage, count in enumerate(CONVNEXT):
        names += _numbered(f"features.{2 * stage}", (0, 1) if stage else ())
        for block in range(count):
            within = f"features.{2 * stage + 1}.{block}"
            names += [*_numbered(f"{within}.block", (0, 2, 3, 5)), within]
    return [*names, *_numbered("classifier", (0, 2))]


TORCHVISION: dict[str, Callable[[], list[str]]] = {
    "alexnet": _alexnet,
    "vgg11": lambda: _vgg((0, 3, 6, 8, 11, 13, 16, 18)),
    "vgg16": lambda: _vgg((0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)),
    "googlenet": _googlenet,
    "inception_v3": _inception,
    "resnet18": lambda: _resnet((2, 2, 2, 2), 2),
    "resnet50": lambda: _resnet((3, 4, 6, 3), 3),
    "squeezenet1_1": _squeezenet,
    "mobilenet_v2": _mobilenet,
    "densenet121": _densenet,
    "efficientnet_b0": _efficientnet,
    "mobilenet_v3_large": lambda: _mobilenet_v3("000111000011111"),
    "mobilenet_v3_small": lambda: _mobilenet_v3("10011111111"),
    "regnet_y_400mf": _regnet,
    "convnext_tiny": _convnext,
}
"""The layers that have weights, by torchvision's names, in the order in which they run."""


def _timm_inverted(
    blocks: Sequence[int], *, gates: str, end: Sequence[str] = ("conv_head", "bn2")
) -> list[str]:
    """Name a network of inverted residual blocks: MobileNetV2 and V3, EfficientNet.

    Args:
        blocks: of each stage.
        gates: a 1 for each stage whose blocks have one.
        end: what stands between the blocks and the classifier.
    """
    names = ["conv_stem", "bn1"]
    for stage, (count, gate) in enumerate(zip(blocks, gates, strict=True)):
        parts = ["conv_dw", "conv_pw"] if stage == 0 else ["conv_pw", "conv_dw", "conv_pwl"]
        gated = ["se.conv_reduce", "se.conv_expand"] if gate == "1" else []
        for block in range(count):
            for number, part in enumerate(parts, 1):
                within = [part, f"bn{number}", *(gated if part == "conv_dw" else [])]
                names += [f"blocks.{stage}.{block}.{each}" for each in within]
    return [*names, *end, "classifier"]


def _timm_mobilenet_v3(blocks: Sequence[int], gates: str) -> list[str]:
    last = f"blocks.{len(blocks)}.0"
    return _timm_inverted(blocks, gates=gates, end=(f"{last}.conv", f"{last}.bn1", "conv_head"))


def _timm_regnet() -> list[str]:
    names = [*_units(["stem"])]
    for stage, count in enumerate((1, 3, 6, 6), 1):
        for block in range(1, count + 1):
            within = f"s{stage}.b{block}"
            names += _units([f"{within}.downsample"] if block == 1 else [])
            names += _units([f"{within}.conv1", f"{within}.conv2"])
            names += [f"{within}.se.fc1", f"{within}.se.fc2", *_units([f"{within}.conv3"])]
    return [*names, "head.fc"]


def _timm_convnext() -> list[str]:
    names = [*_numbered("stem", (0, 1))]
    for stage, count in enumerate(CONVNEXT):
        names += _numbered(f"stages.{stage}.downsample", (0, 1) if stage else ())
        for block in range(count):
            within = f"stages.{stage}.blocks.{block}"
            parts = ("conv_dw", "norm", "mlp.fc1", "mlp.fc2")
            names += [*(f"{within}.{part}" for part in parts), within]
    return [*names, "head.norm", "head.fc"]


TIMM: dict[str, Callable[[], list[str]]] = {
    "mobilenetv2_100": lambda: _timm_inverted((1, 2, 3, 4, 3, 3, 1), gates="0000000"),
    "mobilenetv3_large_100": lambda: _timm_mobilenet_v3((1, 2, 3, 4, 2, 3), "001011"),
    "mobilenetv3_small_100": lambda: _timm_mobilenet_v3((1, 2, 3, 2, 3), "10111"),
    "efficientnet_b0": lambda: _timm_inverted((1, 2, 2, 3, 3, 4, 1), gates="1111111"),
    "regnety_004": _timm_regnet,
    "convnext_tiny": _timm_convnext,
}
"""The same of timm, where its names are others and the network is the same."""

EPSILON = {"timm's mobilenetv3_large_100": 1e-5, "timm's mobilenetv3_small_100": 1e-5}
"""Batch normalisation's, where it is another one than torchvision's of the same network."""
