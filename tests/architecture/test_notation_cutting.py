"""Cutting: what is kept runs as before, and is written as shortly as its author wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from networks_strategy import networks
from thoroughness import examples

from striate.architecture import zoo
from striate.architecture.notation import expand, parse
from striate.architecture.notation.cutting import first, follow_with, kept
from striate.errors import NotationError


@settings(deadline=None, max_examples=examples(100))
@given(networks())
def test_the_first_steps_of_a_network_are_those_of_the_cut_one(text: str) -> None:
    plan = expand(text)
    for count in range(1, len(plan.steps) + 1):
        cut = expand(first(plan, count))
        assert cut.steps == plan.steps[:count]
        assert cut.input == plan.input


@pytest.mark.parametrize("name", zoo.names())
def test_known_networks_can_be_cut_behind_every_step(name: str) -> None:
    plan = expand(name)
    for count in range(1, len(plan.steps) + 1, 3):
        cut = first(plan, count)
        assert expand(cut).steps == plan.steps[:count]
        assert parse(str(cut)) == cut


def test_a_repeat_is_cut_within_its_turns_and_blocks_no_longer_used_are_left_out() -> None:
    text = "a = conv 8 > relu\nb = a > bn\nc = conv 4\ninput 1x8x8 > [a > b]*3 > c > gap"
    plan = expand(text)
    assert str(kept(plan, "a3")) == ("a = conv 8 > relu\nb = a > bn\n\ninput 1x8x8\n[a > b]*2\na")
    assert str(kept(plan, "a1")) == "a = conv 8 > relu\n\ninput 1x8x8\na"


def test_a_layer_within_a_block_or_branch_is_refused_with_the_place_to_cut() -> None:
    plan = expand("b = conv 8 > relu\ninput 1x8x8 > b > b > cat(conv 4 | bn > conv 2) > gap")
    with pytest.raises(NotationError, match=r"'b2.relu1' lies within 'b2'.*cut behind 'b2'"):
        kept(plan, "b2.relu")
    with pytest.raises(NotationError, match="'conv2' lies within 'cat1'"):
        kept(plan, "conv2")
    with pytest.raises(NotationError, match="no layer 'conv9'"):
        kept(plan, "conv9")


def test_a_new_end_is_put_behind() -> None:
    body = kept(expand("input 1x8x8 classes=3 > [conv 4 > relu]*2 > gap > flatten > fc"), "relu2")
    whole = follow_with(body, "gap > flatten > fc").with_input(None, classes=5)
    assert expand(whole).output == (5,)
    assert [step.address for step in expand(whole).steps][:4] == [
        "conv1", "relu1", "conv2", "relu2"
    ]  # fmt: skip
