"""The word that docs/design.md adds as an example works everywhere, and agrees with torch."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from striate.architecture.aspects.word import Layer
from striate.architecture.layer_table import summary
from striate.architecture.words import WORDS
from striate.backends import numpy as reference
from striate.backends.codegen import to_code
from striate.backends.fx import from_torch
from striate.backends.fx.rules import MODULES
from striate.backends.onnx import graph
from striate.backends.torch import build
from striate.explanation.activation_terms import decompose
from striate.explanation.hooks import LayerCall

PAGE = Path(__file__).parents[2] / "docs" / "design.md"
TEXT = "input 2x4x4 classes=3 > conv 3 > elu > flatten > fc"


@pytest.fixture
def word(monkeypatch: pytest.MonkeyPatch) -> type[Layer]:
    """The class that the page shows, known as the others are."""
    section = PAGE.read_text("utf-8").split("## How a word is added")[1]
    (program,) = re.findall(r"^```python\n(.*?)^```", section.split("\n## ")[0], re.S | re.M)
    names: dict[str, object] = {}
    exec(program, names)
    made = names["Elu"]
    assert isinstance(made, type)
    assert issubclass(made, Layer)
    monkeypatch.setitem(WORDS, "elu", made)
    for kind, read in made.torch_rules().modules.items():
        monkeypatch.setitem(MODULES, kind, read)
    return made


def test_the_example_computes_what_torch_does(word: type[Layer]) -> None:
    module = build(TEXT, seed=1).double()
    assert isinstance(module.get_submodule("elu1"), nn.ELU)
    x = torch.randn(5, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    expected = module(x)
    expected.square().sum().backward()
    passed = reference.forward(TEXT, module.state_dict(), x.detach())
    back = reference.backward(passed, 2 * expected.detach())
    np.testing.assert_allclose(passed.output, expected.detach(), atol=1e-12)
    assert x.grad is not None
    np.testing.assert_allclose(back.input, x.grad, atol=1e-12)

    weights = {name: value.numpy() for name, value in module.state_dict().items()}
    made = graph(module.plan, weights, std=(1 / 255, 1 / 255)).to_bytes()
    session = onnxruntime.InferenceSession(made)
    pixels = x.detach().float().numpy()
    np.testing.assert_allclose(session.run(None, {"pixels": pixels})[0], passed.output, atol=1e-4)


def test_the_example_is_told_written_and_read(word: type[Layer]) -> None:
    module = build(TEXT, seed=1)
    assert [row.kind for row in summary(TEXT).layers] == ["conv", "elu", "flatten", "fc"]
    assert "F.elu(self.conv1(x))" in to_code(TEXT, "torch")
    assert 'activation="elu"' in to_code(TEXT, "keras")
    assert "conv 3x3 3 > elu > flatten > fc" in str(from_torch(module, (2, 4, 4)).network)

    layer = nn.ELU()
    given = torch.tensor([[-1.0, 2.0]])
    worked = word.worked_sums()[nn.ELU]
    call = LayerCall("elu1", layer, (given,), layer(given))
    assert worked(call, (0, -1, -1)).result == pytest.approx(float(layer(given)[0, 0]))
    assert decompose(LayerCall("fc", nn.Flatten(), (given,), given), 1).result == 2.0
