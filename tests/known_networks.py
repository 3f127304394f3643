"""Known networks in the notation, each with what its authors or torchvision publish of it.

Parameters and multiply-accumulates are those of torchvision's model pages (num_params and
GFLOPS); receptive fields are those of the papers and of Araujo, Norris and Sim 2019.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """A network and its figures; ``reference`` is its name among the shared reference numbers."""

    text: str
    parameters: int
    macs: int
    receptive_field: int
    reference: str = ""
    before_pooling: str = ""  # the layer of the reference whose receptive field it is


LENET5 = Known(
    """
    # LeNet-5 (1998), with the average pooling of 1998 and a dense second layer
    input 1x32x32 classes=10
    conv 5x5 6 pad=valid > tanh > avgpool 2
    conv 5x5 16 pad=valid > tanh > avgpool 2
    flatten > fc 120 > tanh > fc 84 > tanh > fc
    """,
    parameters=61_706,
    macs=416_520,
    receptive_field=16,
)

ALEXNET = Known(
    """
    # AlexNet (2014, one tower)
    input 3x224x224 classes=1000
    conv 11x11 64 stride=4 pad=2 > relu > maxpool 3 stride=2
    conv 5x5 192 > relu > maxpool 3 stride=2
    conv 384 > relu > [conv 256 > relu]*2 > maxpool 3 stride=2
    avgpool to=6x6 > flatten
    [dropout 0.5 > fc 4096 > relu]*2 > fc
    """,
    parameters=61_100_840,
    macs=714_188_480,
    receptive_field=195,
    reference="alexnet",
    before_pooling="features.12",
)

VGG16 = Known(
    """
    # VGG-16 (2014)
    stage(c, n) = [conv c > relu]*n > maxpool 2
    input 3x224x224 classes=1000
    stage(64, 2) > stage(128, 2) > stage(256, 3) > stage(512, 3) > stage(512, 3)
    avgpool to=7x7 > flatten > [fc 4096 > relu > dropout 0.5]*2 > fc
    """,
    parameters=138_357_544,
    macs=15_470_264_320,
    receptive_field=212,
    reference="vgg16",
    before_pooling="features.30",
)

SQUEEZENET = Known(
    """
    # SqueezeNet 1.1 (2016)
    fire(squeeze, expand) = conv 1x1 squeeze > relu
        > cat(conv 1x1 expand > relu | conv 3x3 expand > relu)

    input 3x224x224 classes=1000
    conv 3x3 64 stride=2 pad=valid > relu > maxpool 3 stride=2 ceil=yes
    [fire(16, 64)]*2  > maxpool 3 stride=2 ceil=yes
    [fire(32, 128)]*2 > maxpool 3 stride=2 ceil=yes
    [fire(48, 192)]*2 > [fire(64, 256)]*2
    dropout 0.5 > conv 1x1 classes > relu > gap > flatten
    """,
    parameters=1_235_496,
    macs=349_151_936,
    receptive_field=207,
    reference="squeezenet1_1",
    before_pooling="classifier.1",
)

RESNET18 = Known(
    """
    # ResNet-18 (2015)
    unit(k, c, stride=1) = conv k c stride=stride bias=no > bn
    path(c, stride=1) = unit(3x3, c, stride) > relu > unit(3x3, c)
    first(c) = add(path(c, 2) | unit(1x1, c, 2)) > relu
    next = add(path(in) | identity) > relu

    input 3x224x224 classes=1000
    unit(7x7, 64, 2) > relu > maxpool 3 stride=2 pad=1
    [next]*2 > first(128) > next > first(256) > next > first(512) > next
    gap > flatten > fc
    """,
    parameters=11_689_512,
    macs=1_814_073_344,
    receptive_field=435,
    reference="resnet18",
    before_pooling="pre:avgpool",
)

RESNET50 = Known(
    """
    # ResNet-50 v1.5 (2015; the stride sits in the 3x3)
    unit(k, c, stride=1) = conv k c stride=stride bias=no > bn
    path(c, stride=1) = unit(1x1, c) > relu > unit(3x3, c, stride) > relu > unit(1x1, c*4)
    first(c, stride=2) = add(path(c, stride) | unit(1x1, c*4, stride)) > relu
    next = add(path(in/4) | identity) > relu

    input 3x224x224 classes=1000
    unit(7x7, 64, 2) > relu > maxpool 3 stride=2 pad=1
    first(64, 1) > [next]*2
    first(128) > [next]*3
    first(256) > [next]*5
    first(512) > [next]*2
    gap > flatten > fc
    """,
    parameters=25_557_032,
    macs=4_089_184_256,
    receptive_field=427,
    reference="resnet50",
    before_pooling="pre:avgpool",
)

MOBILENET = Known(
    """
    # MobileNetV2 (2018)
    unit(k, c, stride=1, groups=1) = conv k c stride=stride groups=groups bias=no > bn
    turn(c, stride=1) = unit(1x1, in*6) > relu6 > unit(3x3, in, stride, in) > relu6
        > unit(1x1, c)
    keep = add(turn(in) | identity)

    input 3x224x224 classes=1000
    unit(3x3, 32, 2) > relu6 > unit(3x3, in, groups=in) > relu6 > unit(1x1, 16)
    turn(24, 2)  > keep
    turn(32, 2)  > [keep]*2
    turn(64, 2)  > [keep]*3
    turn(96)     > [keep]*2
    turn(160, 2) > [keep]*2
    turn(320)    > unit(1x1, 1280) > relu6
    gap > flatten > dropout 0.2 > fc
    """,
    parameters=3_504_872,
    macs=300_774_272,
    receptive_field=491,
    reference="mobilenet_v2",
    before_pooling="features.18.0",
)

GOOGLENET = Known(
    """
    # GoogLeNet (2014, in torchvision's variant with 3x3 for 5x5 and without auxiliary heads)
    unit(k, c, stride=1) = conv k c stride=stride bias=no > bn eps=0.001 > relu
    inception(a, b1, b2, c1, c2, d) = cat(
        unit(1x1, a)
      | unit(1x1, b1) > unit(3x3, b2)
      | unit(1x1, c1) > unit(3x3, c2)
      | maxpool 3 stride=1 pad=1 > unit(1x1, d))

    input 3x224x224 classes=1000
    unit(7x7, 64, 2) > maxpool 3 stride=2 ceil=yes
    unit(1x1, 64) > unit(3x3, 192) > maxpool 3 stride=2 ceil=yes
    inception(64, 96, 128, 16, 32, 32)
    inception(128, 128, 192, 32, 96, 64) > maxpool 3 stride=2 ceil=yes
    inception(192, 96, 208, 16, 48, 64)
    inception(160, 112, 224, 24, 64, 64)
    inception(128, 128, 256, 24, 64, 64)
    inception(112, 144, 288, 32, 64, 64)
    inception(256, 160, 320, 32, 128, 128) > maxpool 2 ceil=yes
    inception(256, 160, 320, 32, 128, 128)
    inception(384, 192, 384, 48, 128, 128)
    gap > flatten > dropout 0.2 > fc
    """,
    parameters=6_624_904,
    macs=1_498_376_192,
    receptive_field=379,
    reference="googlenet",
    before_pooling="pre:avgpool",
)

INCEPTION = Known(
    """
    # Inception v3 (2015, without the auxiliary head)
    unit(k, c, stride=1, pad=same) = conv k c stride=stride pad=pad bias=no > bn eps=0.001 > relu
    down(c) = unit(3x3, c, 2, valid)
    smooth(c) = avgpool 3 stride=1 pad=1 > unit(1x1, c)
    narrow(pool) = cat(
        unit(1x1, 64)
      | unit(1x1, 48) > unit(5x5, 64)
      | unit(1x1, 64) > unit(3x3, 96) > unit(3x3, 96)
      | smooth(pool))
    middle(c) = cat(
        unit(1x1, 192)
      | unit(1x1, c) > unit(1x7, c) > unit(7x1, 192)
      | unit(1x1, c) > unit(7x1, c) > unit(1x7, c) > unit(7x1, c) > unit(1x7, 192)
      | smooth(192))
    fork = cat(unit(1x3, 384) | unit(3x1, 384))
    wide = cat(
        unit(1x1, 320)
      | unit(1x1, 384) > fork
      | unit(1x1, 448) > unit(3x3, 384) > fork
      | smooth(192))

    input 3x299x299 classes=1000
    down(32) > unit(3x3, 32, pad=valid) > unit(3x3, 64) > maxpool 3 stride=2
    unit(1x1, 80) > unit(3x3, 192, pad=valid) > maxpool 3 stride=2
    narrow(32) > narrow(64) > narrow(64)
    cat(down(384) | unit(1x1, 64) > unit(3x3, 96) > down(96) | maxpool 3 stride=2)
    middle(128) > middle(160) > middle(160) > middle(192)
    cat(
        unit(1x1, 192) > down(320)
      | unit(1x1, 192) > unit(1x7, 192) > unit(7x1, 192) > down(192)
      | maxpool 3 stride=2)
    wide > wide
    gap > dropout 0.5 > flatten > fc
    """,
    parameters=23_834_568,
    macs=5_713_216_096,
    receptive_field=1311,
    reference="inception_v3",
    before_pooling="pre:avgpool",
)

DENSENET = Known(
    """
    # DenseNet-121 (2016)
    unit(k, c) = bn > relu > conv k c bias=no
    dense = cat(identity | unit(1x1, 128) > unit(3x3, 32))
    half = unit(1x1, in/2) > avgpool 2

    input 3x224x224 classes=1000
    conv 7x7 64 stride=2 bias=no > bn > relu > maxpool 3 stride=2 pad=1
    [dense]*6 > half > [dense]*12 > half > [dense]*24 > half > [dense]*16
    bn > relu > gap > flatten > fc
    """,
    parameters=7_978_856,
    macs=2_834_161_664,
    receptive_field=2071,
    reference="densenet121",
    before_pooling="features.norm5",
)

KNOWN = (
    *(LENET5, ALEXNET, VGG16, SQUEEZENET, RESNET18),
    *(RESNET50, MOBILENET, GOOGLENET, INCEPTION, DENSENET),
)
NAMES = tuple(known.reference or "lenet5" for known in KNOWN)
