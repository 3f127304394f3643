"""The epochs of a run as a data frame and as curves."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from striate.errors import SettingError
from striate.events import Epoch
from striate.training.history import History


def made(n: int) -> History:
    return History(
        tuple(
            Epoch(i, n, 2.0 / i, 0.5 + i / 20, 4 / i, 0.5 + i / 40, 0.001, 900.0, 1.0, 0.0, i == 2)
            for i in range(1, n + 1)
        )
    )


def test_a_frame_has_a_row_an_epoch() -> None:
    frame = made(3).to_pandas()
    assert frame.epoch.tolist() == [1, 2, 3]
    assert frame.val_loss.tolist() == [4 / 1, 4 / 2, 4 / 3]
    assert frame.best.tolist() == [False, True, False]


@pytest.mark.parametrize("kind", ["loss", "accuracy"])
def test_both_curves_are_drawn_into_the_axes_given_and_the_best_is_marked(kind: str) -> None:
    history = made(4)
    own = Figure().add_subplot()
    assert history.plot(own, kind=kind) is own
    curves = {line.get_label(): line for line in own.lines}
    expected = [getattr(epoch, f"train_{kind}") for epoch in history]
    assert np.asarray(curves["training"].get_ydata()).tolist() == expected
    assert own.texts[0].get_position()[0] == 2
    assert history.plot(kind=kind).figure is not own.figure


def test_what_cannot_be_drawn_is_said() -> None:
    with pytest.raises(SettingError, match="no plot 'losses'"):
        made(1).plot(kind="losses")
    with pytest.raises(SettingError, match="no epochs"):
        History(()).plot()
