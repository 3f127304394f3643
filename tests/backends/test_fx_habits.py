"""What people write in torch is traced to the same numbers, or refused; never to other numbers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from traced_modules import Called, carried, computing, refusal, text_of

Function = Callable[..., object]


def parts() -> dict[str, nn.Module]:
    return {name: nn.Conv2d(4, 4, 3, padding=1) for name in ("a", "b")}


def in_place(m: Called, x: Tensor) -> Tensor:
    x = m.a(x)
    kept = x
    x += m.b(x)
    return x + kept


def in_place_on_a_copy(m: Called, x: Tensor, copied: Callable[[Tensor], Any]) -> Tensor:
    x = m.a(x)
    kept: Tensor = copied(x)
    x += m.b(x)
    return x + kept


def copy_in_place(m: Called, x: Tensor) -> Tensor:
    x = m.a(x)
    other = x.clone()
    other += m.b(x)
    return other.relu_() + x


def in_place_by_name(m: Called, x: Tensor) -> Tensor:
    x = m.a(x)
    kept = x
    x.__iadd__(m.b(x))
    return x.relu() + kept


def mean_of_what_changed(m: Called, x: Tensor) -> Tensor:
    x = m.a(x)
    first = x.mean(-1)
    x.relu_()
    return first.mean(-1) + m.b(x).mean((2, 3))


def asserted(m: Called, x: Tensor) -> Tensor:
    torch._assert(x.shape[0] > 0, "no images")  # type: ignore[no-untyped-call]
    return m.a(x)


def data_set(m: Called, x: Tensor) -> Tensor:
    x = m.a(x)
    x.data = m.b(x)
    return x.relu()


def normalised_by_function(m: Called, x: Tensor, *, training: bool = False) -> Tensor:
    bn = m.get_submodule("b")
    assert isinstance(bn, nn.BatchNorm2d)
    own = (bn.running_mean, bn.running_var, bn.weight, bn.bias)
    return F.batch_norm(m.a(x), *own, training, 0.1, bn.eps).relu()


def test_batch_norm_as_a_function_is_bn_where_its_tensors_are_of_one_layer() -> None:
    own = {"a": nn.Conv2d(3, 4, 3, padding=1), "b": nn.BatchNorm2d(4, eps=1e-3)}
    assert text_of(computing(normalised_by_function, **own)) == "conv 3x3 4 > bn eps=0.001 > relu"
    drifting = computing(lambda m, x: normalised_by_function(m, x, training=True), **own)
    assert "batch_norm has a word where" in refusal(drifting)


ALIAS = "conv 3x3 4 > add(identity | conv 3x3 4) > add(identity | identity)"
APART = "conv 3x3 4 > add(identity | conv 3x3 4 | identity)"
SUM = "add(conv 3x3 4 | conv 3x3 4)"
GAP = "conv 3x3 classes > gap > flatten"
BATCH = "refused: the size of the batch takes part in a calculation"
SHAPE = "refused: a change of shape has no word but flatten"
AXES = "refused: squeeze"

HABITS: list[tuple[str, Function, str]] = [
    ("x += y", in_place, ALIAS),
    ("x.__iadd__(y)", in_place_by_name, "conv 3x3 4 > add(identity | conv 3x3 4) > add(relu | id"),
    ("clone", lambda m, x: in_place_on_a_copy(m, x, lambda y: y.clone()), APART),
    ("torch.clone", lambda m, x: in_place_on_a_copy(m, x, torch.clone), APART),
    ("deepcopy", lambda m, x: in_place_on_a_copy(m, x, copy.deepcopy), APART),
    ("sum of one", lambda m, x: in_place_on_a_copy(m, x, lambda y: sum([y])), APART),
    ("cat of one", lambda m, x: in_place_on_a_copy(m, x, lambda y: torch.cat([y], 1)), APART),
    ("detach", lambda m, x: in_place_on_a_copy(m, x, lambda y: y.detach()), ALIAS),
    (
        "clone in place",
        copy_in_place,
        "conv 3x3 4 > add(add(identity | conv 3x3 4) > relu | i",
    ),
    ("clone of the input", lambda m, x: m.a(x.clone()) + x, "add(conv 3x3 4 | identity)"),
    ("clone at the end", lambda m, x: m.a(x).clone(), "conv 3x3 4"),
    ("x.data = y", data_set, "refused: the code of Computing cannot be followed"),
    ("sum", lambda m, x: sum([m.a(x), m.b(x)]), SUM),
    ("add by names", lambda m, x: torch.add(input=m.a(x), other=m.b(x)), SUM),
    ("add out=", lambda m, x: torch.add(m.a(x), x, out=x), "refused: out has no word"),
    ("0 and alpha", lambda m, x: torch.add(0, m.a(x), alpha=2), "refused: alpha has no word"),
    ("relu by name", lambda m, x: F.relu(input=m.a(x)), "conv 3x3 4 > relu"),
    (
        "cat by name",
        lambda m, x: torch.cat(tensors=[m.a(x), x], dim=1),
        "cat(conv 3x3 4 | identity)",
    ),
    ("cat out=", lambda m, x: torch.cat([m.a(x), x], 1, out=x), "refused: out has no word"),
    ("dropout", lambda m, x: F.dropout(m.a(x)), "refused: it drops in evaluation too; pass traini"),
    (
        "dropout by mode",
        lambda m, x: F.dropout(m.a(x), 0.3, m.training),
        "conv 3x3 4 > dropout 0.3",
    ),
    ("batch * 2", lambda m, x: m.a(x).view(x.size(0) * 2, -1), BATCH),
    ("batch // 2", lambda m, x: m.a(x).view(x.shape[0] // 2, -1), BATCH),
    ("batch * rows", lambda m, x: m.a(x).view(x.size(0) * x.size(2), -1), BATCH),
    ("sizes", lambda m, x: m.a(x).view(x.size(0), x.size(1) * 64), "conv 3x3 4 > flatten"),
    ("sizes joined", lambda m, x: m.a(x).view(x.shape[:1] + (-1,)), "conv 3x3 4 > flatten"),
    ("size by name", lambda m, x: m.a(x).view(x.size(dim=0), -1), "conv 3x3 4 > flatten"),
    ("another size", lambda m, x: m.a(x).view(x.size(dim=1), -1), SHAPE),
    ("size of 0", lambda m, x: m.a(x).view(x.size(0), 0, -1), SHAPE),
    ("batch asserted", asserted, "conv 3x3 4"),
    ("mean, mean", lambda m, x: m.a(x).mean(-1).mean(-1), GAP),
    ("mean 2, 2", lambda m, x: torch.mean(m.a(x).mean(dim=2), 2), GAP),
    ("mean 2, 1", lambda m, x: m.a(x).mean(2).mean(1), "refused: a mean over axes"),
    ("mean of what changed", mean_of_what_changed, "refused: a mean over axes"),
    ("squeeze", lambda m, x: F.adaptive_avg_pool2d(m.a(x), 1).squeeze((2, 3)), GAP),
    ("squeeze twice", lambda m, x: F.adaptive_avg_pool2d(m.a(x), 1).squeeze(-1).squeeze(-1), GAP),
    ("squeeze 3, 2", lambda m, x: torch.squeeze(m.a(x).mean((2, 3), True).squeeze(3), 2), GAP),
    ("squeeze all", lambda m, x: F.adaptive_avg_pool2d(m.a(x), 1).squeeze(), AXES),
    ("squeeze one", lambda m, x: F.adaptive_avg_pool2d(m.a(x), 1).squeeze(-1), AXES),
    ("squeeze maps", lambda m, x: m.a(x).squeeze((2, 3)), AXES),
]


@pytest.mark.parametrize(
    ("function", "expected"), [habit[1:] for habit in HABITS], ids=[habit[0] for habit in HABITS]
)
def test_a_habit_gives_the_same_numbers_or_is_refused(function: Function, expected: str) -> None:
    """Expected is the network's text, or behind "refused:" what is said."""
    module = computing(function, **parts())
    shape = (4, 8, 8)
    if expected.startswith("refused:"):
        assert expected.removeprefix("refused:").strip() in refusal(module, shape)
    else:
        assert text_of(module, shape).startswith(expected)


def doubled(*arguments: object) -> Tensor:
    result = arguments[-1]
    assert isinstance(result, Tensor)
    return 2 * result


def test_a_hook_on_the_whole_module_is_refused() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 1))
    handle = module.register_forward_hook(doubled)
    assert "Sequential cannot be written in the notation: it has a hook" in refusal(module)
    handle.remove()
    handle = module.register_forward_pre_hook(lambda module, given: (2 * given[0],))
    assert "it has a hook" in refusal(module)
    handle.remove()
    carried(module, (3, 8, 8))


def test_a_forward_put_on_the_whole_module_is_refused() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 1))
    module.forward = lambda x: module[0](x).relu()  # type: ignore[method-assign]
    assert "its forward was replaced" in refusal(module)


def test_a_forward_put_on_a_layer_is_no_layer() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU())
    module[1].forward = lambda x: -x
    assert "at '1': there is no word for ReLU" in refusal(module)


class Dropping(nn.Dropout):
    """Stays in training mode, so that several answers can be drawn."""

    def train(self, mode: bool = True) -> Dropping:
        super().train(True)
        return self


def test_what_stays_in_training_mode_is_refused() -> None:
    said = refusal(nn.Sequential(nn.Conv2d(3, 4, 1), Dropping()))
    assert "'1' stays in training mode after eval()" in said


def crossing(m: Called, x: Tensor) -> Tensor:
    a = m.a(x)
    return m.b(a + x) + a


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (nn.Sequential(nn.Linear(8, 4)), "at '0': fc takes features in one row"),
        (nn.Sequential(nn.Conv2d(4, 4, 9)), "at '0': a 9x9 window does not fit"),
        (nn.Sequential(nn.Conv2d(3, 4, 1)), "at '0': it was made for 3 channels or features, but"),
        (computing(lambda m, x: x + F.adaptive_avg_pool2d(x, 1)), "add needs branches of one"),
        (computing(crossing, **parts()), ": what 'a' gives goes into branches that meet in diff"),
    ],
)  # fmt: skip
def test_every_refusal_names_the_module_and_tells_what_to_do(module: nn.Module, said: str) -> None:
    told = refusal(module, (8, 8, 8) if "fc takes" in said else (4, 8, 8))
    assert told.startswith(f"{type(module).__name__} cannot be written in the notation")
    assert said in told
    assert told.endswith("or use the module itself, which may stand where a network text can")
