"""The softmax with its temperature, held against torch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from striate.errors import SettingError
from striate.model.temperature import Decision


@given(
    st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=8),
    st.floats(0.0625, 16, width=32),
)
def test_probabilities_are_the_softmax_of_divided_logits(
    logits: list[float], temperature: float
) -> None:
    given = np.array([logits, logits[::-1]], np.float32)
    expected = torch.softmax(torch.from_numpy(given) / temperature, 1).numpy()
    found = Decision(temperature).probabilities(given)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("odd", [0, -1, float("nan"), float("inf"), True, "1", None])
def test_senseless_temperatures_are_refused(odd: object) -> None:
    with pytest.raises(SettingError, match="expected a number above 0"):
        Decision(odd)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="expected a number above 0"):
        Decision.from_json({"temperature": odd})


def test_it_survives_its_record() -> None:
    assert Decision.from_json(Decision(1.5).as_json()) == Decision(1.5)
    assert Decision.from_json(Decision(1.5, mirrored=True).as_json()) == Decision(1.5, True)


def test_mirrored_is_true_or_false() -> None:
    with pytest.raises(SettingError, match="mirrored is 1; expected true or false"):
        Decision.from_json({"temperature": 1.0, "mirrored": 1})
