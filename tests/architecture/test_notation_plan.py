"""Plans: addresses by rule 14, layers in the order of running."""

from __future__ import annotations

import pytest
from known_networks import MOBILENET, RESNET50

from striate.architecture.notation import Block, ExpandedNetwork, expand
from striate.architecture.words import Shape
from striate.errors import NotationError


def addresses(text: str, shape: Shape = (3, 16, 16)) -> list[str]:
    return list(expand(text, input=shape).addresses())


def test_rule_14_addresses_are_word_and_running_number() -> None:
    assert addresses("conv 8 > relu > [conv 8 > relu6]*2 > add(conv 8 | identity)") == [
        *("conv1", "relu1", "conv2", "relu6_1", "conv3", "relu6_2"),
        *("conv4", "identity1", "add1"),
    ]


def test_rule_14_words_in_a_block_are_counted_in_it_through_nested_blocks() -> None:
    text = (
        "unit(c) = conv c > bn\nnext = add(unit(in) > relu > unit(in) | identity)\n"
        "unit(4) > [next]*2 > conv 4 > relu"
    )
    assert addresses(text) == [
        *("unit1.conv1", "unit1.bn1", "unit1"),
        *("next1.conv1", "next1.bn1", "next1.relu1", "next1.conv2", "next1.bn2"),
        *("next1.identity1", "next1.add1", "next1"),
        *("next2.conv1", "next2.bn1", "next2.relu1", "next2.conv2", "next2.bn2"),
        *("next2.identity1", "next2.add1", "next2"),
        *("conv1", "relu1"),
    ]
    block = expand(text, input=(3, 8, 8)).steps[0]
    assert isinstance(block, Block)
    assert (block.name, block.call, block.output) == ("unit", "unit(4)", (4, 8, 8))


def test_rule_14_a_name_that_ends_in_a_digit_takes_an_underscore() -> None:
    text = "b2 = relu6 > relu6\nb2 > b2"
    assert addresses(text) == ["b2_1.relu6_1", "b2_1.relu6_2", "b2_1"] + [
        *("b2_2.relu6_1", "b2_2.relu6_2", "b2_2"),
    ]


def test_rule_14_no_address_is_given_twice() -> None:
    blocks = "a = relu > gap\na1 = relu6\na_1 = relu6\nb_b = tanh\n"
    text = f"{blocks}[a]*12 > [a1]*3 > [a_1]*3 > b_b > relu6 > relu > relu6"
    every = [step.address for step in expand(text, input=(1, 8, 8)).steps]
    assert len(every) == len(set(every))


def test_rule_14_the_number_may_be_left_out_where_there_is_only_one() -> None:
    plan = expand(RESNET50.text)
    assert plan.find("gap").address == "gap1"
    assert plan.find("unit").address == plan.find("unit1").address == "unit1"
    assert plan.find("next12.add").address == "next12.add1"
    assert plan.find("unit.bn").address == "unit1.bn1"
    with pytest.raises(NotationError, match="'next12.conv' is not the only one; expected one of"):
        plan.find("next12.conv")
    with pytest.raises(NotationError, match="no layer 'next13'; it has next1 to next12"):
        plan.find("next13")
    assert expand("input 1x8x8 > relu6 > relu").find("relu6").address == "relu6_1"


def test_rule_14_resnet50_has_its_twelve_blocks() -> None:
    plan = expand(RESNET50.text)
    every = plan.addresses()
    assert "next12.conv3" in every and "next13" not in every
    assert max(address.count(".") for address in every) == 1
    assert plan.find("next12").output == (2048, 7, 7)


def test_the_plan_says_whether_the_network_can_tell_classes() -> None:
    expand(MOBILENET.text).check_classes()
    with pytest.raises(NotationError, match="ends with 4x8x8, but 10 classes need 10 features"):
        expand("input 3x8x8 classes=10 > conv 4").check_classes()
    with pytest.raises(NotationError, match="number of classes is not known"):
        expand("input 3x8x8 > conv 4").check_classes()


def test_a_plan_lists_its_layers_in_the_order_of_running() -> None:
    plan: ExpandedNetwork = expand("b = add(conv 3 | identity)\ninput 3x8x8 > relu > b > gap")
    assert [step.address for step in plan.layers()] == [
        *("relu1", "b1.conv1", "b1.identity1", "b1.add1", "gap1"),
    ]
    assert [step.address for step in plan.steps] == ["relu1", "b1", "gap1"]
