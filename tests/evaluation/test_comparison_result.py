"""A comparison as data frames and as plots."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from striate.errors import SettingError
from striate.evaluation.comparison import Comparison, ImageAnswers, ModelScores
from striate.evaluation.comparison.paired_comparison import compare_pairs

ANSWERS = {"old": "aabb", "new": "abbb", "other": "aaaa"}
TRUTH = "abbb"


def made() -> Comparison:
    right = [
        np.array([a == b for a, b in zip(own, TRUTH, strict=True)]) for own in ANSWERS.values()
    ]
    models = tuple(
        ModelScores(name, "", float(own.mean()), 0.1, 0.9, 1.0, 10, None, 0.001, None)
        for name, own in zip(ANSWERS, right, strict=True)
    )
    images = tuple(
        ImageAnswers(f"{i}.png", TRUTH[i], tuple(own[i] for own in ANSWERS.values()), (0.5,) * 3)
        for i in range(len(TRUTH))
    )
    return Comparison("four images", 4, models, compare_pairs(list(ANSWERS), right), images)


def test_frames_hold_the_models_the_pairs_and_the_images() -> None:
    result = made()
    assert result.to_pandas()["accuracy"].tolist() == [0.75, 1.0, 0.25]
    assert result.to_pandas()["macs"].isna().all()
    pairs = result.to_pandas("pairs")
    assert pairs["second"].tolist() == ["new", "other"]
    assert pairs["difference"].tolist() == [0.25, -0.5]
    images = result.to_pandas("images")
    for name, own in ANSWERS.items():
        assert "".join(images[f"{name}: answer"]) == own
    assert images["other: probability"].tolist() == [0.5] * 4
    assert "".join(images["truth"]) == TRUTH
    with pytest.raises(SettingError, match="there is no table 'model'"):
        result.to_pandas("model")


def test_a_plot_has_a_row_a_model_in_the_axes_given() -> None:
    result = made()
    own = Figure().add_subplot()
    assert result.plot(own) is own
    assert [label.get_text() for label in own.get_yticklabels()] == list(ANSWERS)
    differences = result.plot(kind="difference")
    assert differences.figure is not own.figure
    assert [label.get_text() for label in differences.get_yticklabels()] == ["new", "other"]
    with pytest.raises(SettingError, match="no plot 'both'"):
        result.plot(kind="both")
