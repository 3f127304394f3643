"""The calculations that the table shows: each, worked out by Python, gives the number shown."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import HealthCheck, given, settings
from networks_strategy import fitting, networks
from thoroughness import examples

from striate.architecture import zoo
from striate.architecture.layer_table import Row, summary

ARITHMETIC = re.compile(r"[0-9 +*/()-]|floor\(|ceil\(")


def worked_out(formula: str) -> list[int]:
    """What Python makes of each left side; the right side must say the same."""
    values = []
    for part in re.split(r"(?<= rows), ", formula):
        left, _, right = part.partition(" = ")
        assert ARITHMETIC.sub("", left) == "", left
        value = eval(left, {"floor": math.floor, "ceil": math.ceil})
        shown = int(re.sub(r" (rows|columns|channels)$", "", right).replace(",", ""))
        assert value == shown, part
        values.append(shown)
    return values


def check(row: Row) -> None:
    formulas = row.formulas
    if row.parameters or formulas.parameters:
        assert worked_out(formulas.parameters) == [row.parameters]
    if row.macs or formulas.macs:
        assert worked_out(formulas.macs) == [row.macs]
    if row.activation_memory or formulas.memory:
        assert worked_out(formulas.memory) == [row.activation_memory]
    if formulas.receptive_field:
        seen = worked_out(formulas.receptive_field)
        assert {*seen} == {*(f if isinstance(f := row.receptive_field, tuple) else (f,))}
    if formulas.output:
        sides = worked_out(formulas.output)
        ours = row.output[1:] if row.kind not in {"cat", "flatten"} else row.output[:1]
        assert sides == list(ours) or (len(sides) == 1 and {*sides} == {*ours})


@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks())
def test_every_calculation_gives_its_number(text: str) -> None:
    plan = fitting(text)
    assert plan is not None
    for row in summary(plan).layers:
        check(row)


@pytest.mark.parametrize("name", zoo.names())
def test_the_calculations_of_the_known_networks_give_their_numbers(name: str) -> None:
    given = (3, 64, 64) if name == "compact" else None
    for row in summary(name, input=given, classes=10 if given else None).layers:
        check(row)
        assert bool(row.formulas.output) == (
            row.kind in {"conv", "maxpool", "sumpool", "flatten", "cat"}
            or (row.kind == "avgpool" and "to=" not in row.text)
        )


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("input 3x32x32 > conv 64", "(32 + 2*1 - 3)/1 + 1 = 32"),
        ("input 3x32x32 > conv 64 pad=valid", "(32 - 3)/1 + 1 = 30"),
        ("input 3x224x224 > conv 11x11 64 stride=4 pad=2", "floor((224 + 2*2 - 11)/4) + 1 = 55"),
        ("input 3x32x32 > conv 64 dilation=2", "(32 + 2*2 - 2*(3 - 1) - 1)/1 + 1 = 32"),
        ("input 3x32x32 > conv 64 stride=2 pad=end", "(32 + 0 + 1 - 3)/2 + 1 = 16"),
        ("input 1x9x9 > maxpool 2 ceil=yes", "ceil((9 - 2)/2) + 1 = 5"),
        ("input 1x8x8 > maxpool 2 ceil=yes", "(8 - 2)/2 + 1 = 4"),
        ("input 1x5x5 > maxpool 2 pad=1 ceil=yes", "ceil((5 + 2*1 - 2)/2) + 1 - 1 = 3"),
        (
            "input 1x32x16 > conv 1x7 3 pad=0x3 stride=1x2",
            "(32 - 1)/1 + 1 = 32 rows, floor((16 + 2*3 - 7)/2) + 1 = 8 columns",
        ),
        ("input 3x4x5 > flatten", "3*4*5 = 60"),
        ("input 3x8x8 > cat(conv 4 | identity)", "4 + 3 = 7 channels"),
        ("input 512x7x7 > flatten", "512*7*7 = 25,088"),
        ("input 3x8x8 > gap", ""),
        ("input 3x8x8 > avgpool to=2x2", ""),
    ],
)
def test_the_output_size_is_written_as_in_a_textbook(text: str, output: str) -> None:
    assert summary(text).layers[-1].formulas.output == output


@pytest.mark.parametrize(
    ("text", "parameters", "macs"),
    [
        ("conv 64", "3*3*3*64 + 64 = 1,792", "3*3*3*64 * 32*32 = 1,769,472"),
        ("conv 64 bias=no", "3*3*3*64 = 1,728", "3*3*3*64 * 32*32 = 1,769,472"),
        ("conv 4 > conv 8 groups=4", "3*3*(4/4)*8 + 8 = 80", "3*3*(4/4)*8 * 32*32 = 73,728"),
        ("conv 5x3 4", "5*3*3*4 + 4 = 184", "5*3*3*4 * 32*32 = 184,320"),
        ("conv 64 > bn", "2*64 = 128", ""),
        ("conv 64 > prelu", "1*64 = 64", ""),
        ("gap > flatten > fc 400 > fc 120", "400*120 + 120 = 48,120", "400*120 = 48,000"),
        ("gap > flatten > fc 10 bias=no", "3*10 = 30", "3*10 = 30"),
        ("relu", "", ""),
    ],
)
def test_parameters_and_macs_are_written_with_their_factors(
    text: str, parameters: str, macs: str
) -> None:
    written = summary(f"input 3x32x32 > {text}").layers[-1].formulas
    assert (written.parameters, written.macs) == (parameters, macs)


def test_what_a_unit_sees_is_what_was_seen_and_the_window_at_its_stride() -> None:
    rows = summary(
        "input 1x64x64 > conv 2 stride=2 > conv 2 > conv 2 dilation=2 > conv 1x3 2"
    ).layers
    assert [row.formulas.receptive_field for row in rows] == [
        "1 + (3 - 1)*1 = 3",
        "3 + (3 - 1)*2 = 7",
        "7 + 2*(3 - 1)*2 = 15",
        "15 + (1 - 1)*2 = 15 rows, 15 + (3 - 1)*2 = 19 columns",
    ]


def test_every_calculation_stands_once_with_the_layers_that_it_holds_for() -> None:
    page = str(summary("resnet18"))
    holders = re.findall(r"^  3\*3\*64\*64 = 36,864 +(.*)$", page, re.MULTILINE)
    assert holders == ["next1.conv1, next1.conv2, next2.conv1, next2.conv2"]
    assert page.count("3*3*64*64 = 36,864") == 1
    assert max(map(len, page.split("Output size")[1].splitlines())) <= 100
    everywhere = summary("input 1x8x8 > [conv 1]*40").layers
    assert len(everywhere) == 40
    assert "conv1, conv2, conv3," in str(summary("input 1x8x8 > [conv 1]*40"))
    assert " more\n" in str(summary("input 1x8x8 > [conv 1]*40"))
