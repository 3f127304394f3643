"""LeNet-5 of 1998 and ZFNet, layer by layer, against the tables of their papers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from striate.architecture.layer_table import summary
from striate.architecture.notation import Leaf, expand, parse
from striate.architecture.words import Conv
from striate.backends.fx import from_torch
from striate.backends.torch import build
from striate.errors import NotationError

# Table I of the paper: a column a map of C3, an X for each map of S2 that it reads.
TABLE = """
X...XXX..XXXX.XX
XX...XXX..XXXX.X
XXX...XXX..X.XXX
.XXX..XXXX..X.XX
..XXX..XXXX.XX.X
...XXX..XXXX.XXX
"""


def test_lenet5_has_the_parameters_and_connections_of_the_paper(
    shared: Callable[[str], Path],
) -> None:
    stored = json.loads(shared("reference/networks.json").read_text("utf-8"))["lenet5_1998"]
    rows = {row.name: row for row in summary("lenet5_1998").layers}
    layers = {
        **{"C1": "conv1", "S2": "pool1.scale1", "C3": "conv2", "S4": "pool2.scale1"},
        **{"C5": "conv3", "F6": "fc1"},
    }
    found = {theirs: rows[ours].parameters for theirs, ours in layers.items()}
    assert found | {"total": summary("lenet5_1998").parameters} == stored["params"]
    connections = {}
    for theirs, ours in layers.items():
        pixels = math.prod(rows[ours].output[1:])
        each = 5 * rows[ours].output[0] if theirs in ("S2", "S4") else rows[ours].parameters
        connections[theirs] = each * pixels  # a pool reads four numbers and a bias
    connections["OUT_rbf"] = rows["fc2"].macs
    connections["total"] = sum(connections.values())
    assert connections == stored["connections"]
    names = {"C1": "conv1", "S2": "pool1.sumpool1", "C3": "conv2", "S4": "pool2.sumpool1"}
    for theirs, (field, stride) in stored["rf_stride"].items():
        row = rows[names.get(theirs, "conv3")]
        assert (row.receptive_field, row.stride) == (field, stride)


def test_its_third_layer_reads_what_table_one_says() -> None:
    conv = next(step for step in expand("lenet5_1998").layers() if step.address == "conv2")
    assert isinstance(conv, Leaf)
    assert isinstance(conv.layer, Conv)
    assert conv.layer.table is not None
    read = conv.layer.table.places(6) < conv.layer.table.links
    columns = zip(*TABLE.split(), strict=True)
    assert read.tolist() == [[mark == "X" for mark in column] for column in columns]
    module = build("lenet5_1998", seed=1)
    assert sum(each.numel() for each in module.parameters()) == 60_000
    third, x = module.get_submodule("conv2"), torch.randn(1, 6, 14, 14, requires_grad=True)
    for unit in range(16):
        (gradient,) = torch.autograd.grad(third(x)[0, unit].sum(), x)
        assert (gradient.abs().sum((0, 2, 3)) > 0).tolist() == read[unit].tolist()


def test_its_codes_are_signs_that_no_step_changes() -> None:
    module = build("lenet5_1998", seed=1)
    codes = module.get_buffer("fc2.weight").clone()
    assert set(codes.flatten().tolist()) == {-1.0, 1.0}
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.1)
    logits = module(torch.rand(4, 1, 32, 32))
    loss = torch.nn.functional.cross_entropy(logits, torch.arange(4))
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    assert torch.equal(module.get_buffer("fc2.weight"), codes)
    assert "fc2.weight" in module.state_dict()


def test_a_sum_of_few_channels_starts_as_large_as_one_of_all() -> None:
    text = "input 8x20x20 > conv 3x3 9 pad=valid table=0_1_2_01_23_45_0123_4567_01234567 > relu"
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(16, 8, 20, 20, generator=generator)
    outputs = build(text, seed=0).get_submodule("conv1")(x)
    spread = outputs.detach().std((0, 2, 3))
    assert spread.max() / spread.min() < 2.2  # one kernel of nine weights varies by chance
    assert float(spread.mean()) == pytest.approx(math.sqrt(2), rel=0.15)  # He's


@pytest.mark.parametrize("name", ["lenet5_1998", "zfnet"])
def test_it_is_written_and_read_back(name: str) -> None:
    network = parse(name)
    assert parse(str(network)) == network
    if name == "lenet5_1998":
        module = build(name, seed=3).eval()
        traced = from_torch(module, (1, 32, 32))
        again = build(traced.network, seed=None).eval()
        again.load_state_dict(traced.weights(module))
        x = torch.rand(2, 1, 32, 32)
        assert traced.unused == ()
        torch.testing.assert_close(again(x), module(x))


def test_zfnet_has_the_sizes_of_its_figure_and_its_weights_by_hand() -> None:
    table = summary("zfnet")
    sides = [row.output[1] for row in table.layers if row.kind in ("conv", "maxpool")]
    assert sides == [110, 55, 26, 13, 13, 13, 13, 6]
    convs = (7 * 7 * 3 + 1) * 96 + (5 * 5 * 96 + 1) * 256 + (9 * 256 + 1) * 384
    convs += (9 * 384 + 1) * 384 + (9 * 384 + 1) * 256
    fully = (6 * 6 * 256 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 1000
    assert table.parameters == convs + fully == 62_357_608


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("conv 3 table=01_12", "table has 2 rows for 3 channels"),
        ("conv 2 table=01_14", "row 1 of the table, 14, reads channel 4 of the 3 that arrive"),
        ("conv 2 table=011_2", "row 0 of the table, 011, names a channel twice"),
        ("conv 2 table=3x3", "conv got 3x3 as its table; expected rows of channels such as"),
        ("conv 2 table=12", "conv got 12 as its table; expected rows of channels such as"),
        ("conv 3 groups=3 table=0_1_2", "conv got groups=3 and a table; leave one out"),
        ("conv 01_12", "conv got 01_12 as its channels; expected a whole number"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(text: str, said: str) -> None:
    with pytest.raises(NotationError, match=said):
        expand(f"input 3x8x8 > {text}")
