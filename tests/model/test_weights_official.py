"""The table of official files is torchvision's, and their tensors fit the zoo by name."""

from __future__ import annotations

import pytest
import torch
import torchvision_oracle
from torch import nn

from striate.architecture import zoo
from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.errors import WeightsError
from striate.model.weights import OFFICIAL, compare, find_official, find_official_file, fit
from striate.model.weights.names import TORCHVISION, known_order, layers_in, out_of_order

THEIRS = [name for name, each in OFFICIAL.items() if not each.package]


def weights_of(name: str) -> object:
    models = torchvision_oracle.torchvision().models
    return models.get_model_weights(name).IMAGENET1K_V1


@pytest.mark.parametrize("name", THEIRS)
def test_the_table_is_torchvision_s(name: str) -> None:
    ours, theirs = OFFICIAL[name], weights_of(name).value  # type: ignore[attr-defined]
    preset = theirs.transforms()
    published = theirs.meta["_metrics"]["ImageNet-1K"]
    assert ours.url == theirs.url
    assert ours.mebibytes == theirs.meta["_file_size"]
    assert (ours.top1, ours.top5) == (published["acc@1"], published["acc@5"])
    assert ([ours.size], [ours.shorter]) == (preset.crop_size, preset.resize_size)
    assert preset.interpolation.value == "bilinear"
    assert preset.antialias
    assert len(theirs.meta["categories"]) == 1000
    if name in ("googlenet", "inception_v3"):
        assert (ours.mean, ours.std) == ((0.5,) * 3, (0.5,) * 3)
    else:
        assert (list(ours.mean), list(ours.std)) == (preset.mean, preset.std)


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_half_and_half_is_what_torchvision_s_transform_of_the_input_comes_to(name: str) -> None:
    """torchvision normalises with ImageNet's mean and std, and its network turns it back."""
    with torch.device("meta"):
        network = torchvision_oracle.model(name, transform_input=True)
    preset = weights_of(name).value.transforms()  # type: ignore[attr-defined]
    x = torch.rand(2, 3, 5, 5, dtype=torch.float64)
    mean, std = (torch.tensor(v, dtype=torch.float64) for v in (preset.mean, preset.std))
    usual = (x - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
    assert torch.allclose(network._transform_input(usual), (x - 0.5) / 0.5)  # type: ignore[operator]


def test_every_name_of_the_table_is_in_the_zoo_and_known_by_its_layers() -> None:
    assert set(OFFICIAL) <= set(zoo.names())
    assert set(THEIRS) <= set(TORCHVISION) <= set(zoo.names())


# ConvNeXt's file has the scale of a block before its layers, which is not the order of running
@pytest.mark.parametrize("name", sorted(TORCHVISION.keys() - {"convnext_tiny"}))
def test_torchvision_s_tensors_fit_the_zoo_in_any_order(name: str) -> None:
    """On torch's meta device, so that only names and shapes are there."""
    with torch.device("cpu" if name.startswith("regnet") else "meta"):  # which it cannot fill
        network = torchvision_oracle.model(name)
    main = [n for n in network.state_dict() if not n.lower().startswith("aux")]
    assert layers_in(main) == TORCHVISION[name]()
    assert known_order([f"backbone.{n}" for n in reversed(main)]) == (
        f"torchvision's {name}",
        [f"backbone.{n}" for n in main],
    )
    assert out_of_order(main) is None


@pytest.mark.parametrize(
    "name",
    [
        "squeezenet1_1",
        "googlenet",
        "efficientnet_b0",
        "mobilenet_v3_large",
        "mobilenet_v3_small",
        "regnet_y_400mf",
        "convnext_tiny",
    ],
)
def test_shuffled_tensors_of_torchvision_land_in_their_places(name: str) -> None:
    network = torchvision_oracle.model(name).eval()
    own = build(zoo.text(name), seed=None).eval()
    shuffled = dict(reversed(network.state_dict().items()))
    found = fit(shuffled, own)
    assert found.way == f"by the names of torchvision's {name}"
    assert all(head.startswith("aux") for head in found.left)
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(own(image), network(image), atol=1e-4)


def test_the_older_names_of_densenet_s_file_are_known() -> None:
    """Its official file is older than torchvision's names: norm.1 for norm1."""
    with torch.device("meta"):
        main = list(torchvision_oracle.model("densenet121").state_dict())
    older = [
        name.replace("norm1.", "norm.1.").replace("norm2.", "norm.2.")
        .replace("conv1.", "conv.1.").replace("conv2.", "conv.2.")
        for name in main
    ]  # fmt: skip
    assert older != main
    assert known_order(reversed(older)) == ("torchvision's densenet121", older)


def test_a_network_of_another_depth_is_not_taken_for_a_known_one() -> None:
    with torch.device("meta"):
        names = list(torchvision_oracle.model("resnet34").state_dict())
    assert known_order(names) is None


def test_a_head_of_other_classes_does_not_fit_and_says_so() -> None:
    theirs = torchvision_oracle.model("squeezenet1_1").state_dict()
    own = build(zoo.text("squeezenet1_1"), classes=5, seed=None)
    assert "tells 1,000 classes and that of the network 5" in compare(theirs, own).problem


def test_weights_of_another_known_network_are_told_as_what_they_are() -> None:
    theirs = torchvision_oracle.model("resnet18").state_dict()
    said = compare(theirs, build(zoo.text("squeezenet1_1"), seed=None)).problem
    assert "its names are those of torchvision's resnet18: check that this network is meant" in said


def test_preprocessing_is_that_of_the_published_figures() -> None:
    usual = find_official("resnet18").preprocess
    assert usual == Preprocess(
        3, 224, 224, "crop",
        mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), crop_ratio=256 / 224,
    )  # fmt: skip
    assert find_official("inception_v3").preprocess.crop_ratio == 342 / 299


def test_a_name_without_official_weights_is_one_clear_line() -> None:
    with pytest.raises(WeightsError, match="did you mean 'resnet50'"):
        find_official("resnet-50")
    with pytest.raises(WeightsError, match="there are for alexnet, vgg11"):
        find_official("conv 8 > relu\n> fc")


def test_a_file_is_known_by_its_hash() -> None:
    found = find_official_file("b0353104" + 56 * "a")
    assert found is not None
    assert found.network == "mobilenet_v2"
    assert find_official_file(64 * "0") is None


def test_any_torch_module_can_be_filled() -> None:
    first, second = nn.Linear(3, 2), nn.Linear(3, 2)
    fit(first.state_dict(), second)
    assert torch.equal(first.weight, second.weight)
