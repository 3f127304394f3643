"""The known networks, each with what its authors or torchvision publish of it.

Parameters and multiply-accumulates are those of torchvision's model pages (num_params and
GFLOPS); receptive fields are those of the papers and of Araujo, Norris and Sim 2019.
"""

from __future__ import annotations

from dataclasses import dataclass

from striate.architecture import zoo


@dataclass(frozen=True)
class Known:
    """A network of the zoo and its figures.

    ``reference`` is its name among the shared reference numbers, ``before_pooling`` the layer
    there whose receptive field it is.
    """

    name: str
    parameters: int
    macs: int
    receptive_field: int
    reference: str = ""
    before_pooling: str = ""

    @property
    def text(self) -> str:
        return zoo.text(self.name)


LENET5 = Known("lenet5", 61_706, 416_520, 16)
RESNET18 = Known("resnet18", 11_689_512, 1_814_073_344, 435, "resnet18", "pre:avgpool")
RESNET50 = Known("resnet50", 25_557_032, 4_089_184_256, 427, "resnet50", "pre:avgpool")
MOBILENET = Known("mobilenet_v2", 3_504_872, 300_774_272, 491, "mobilenet_v2", "features.18.0")

KNOWN = (
    LENET5,
    Known("alexnet", 61_100_840, 714_188_480, 195, "alexnet", "features.12"),
    Known("vgg11", 132_863_336, 7_609_090_048, 150, "vgg11", "features.20"),
    Known("vgg16", 138_357_544, 15_470_264_320, 212, "vgg16", "features.30"),
    Known("squeezenet1_1", 1_235_496, 349_151_936, 207, "squeezenet1_1", "classifier.1"),
    RESNET18,
    RESNET50,
    Known("resnet101", 44_549_160, 7_801_405_440, 971, "resnet101", "pre:avgpool"),
    Known("resnet152", 60_192_808, 11_513_626_624, 1451, "resnet152", "pre:avgpool"),
    MOBILENET,
    Known("googlenet", 6_624_904, 1_498_376_192, 379, "googlenet", "pre:avgpool"),
    Known("inception_v3", 23_834_568, 5_713_216_096, 1311, "inception_v3", "pre:avgpool"),
    Known("densenet121", 7_978_856, 2_834_161_664, 2071, "densenet121", "features.norm5"),
)
NAMES = tuple(known.name for known in KNOWN)
