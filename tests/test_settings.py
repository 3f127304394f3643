from dataclasses import fields, replace
from typing import get_type_hints

import pytest

from striate.errors import SettingError
from striate.settings import ResumeDict, Settings, SettingsDict, make_settings


def test_defaults_are_sound() -> None:
    assert Settings().check() == Settings()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": 3, "minutes": 2.0}, "both given"),
        ({"minutes": 0.0}, "minutes is 0"),
        ({"learning_rate": -1.0}, "learning_rate is -1"),
        ({"label_smoothing": 1.0}, "label_smoothing is 1"),
        ({"fit": "stretch"}, "choose pad, squash, crop"),
        ({"class_weight": "equal"}, "choose auto, none, sqrt, full"),
        ({"background": "white"}, "#rrggbb"),
        ({"image_size": 3}, "image_size is 3"),
        ({"image_size": "big"}, "image_size is 'big'"),
        ({"image_size": (64, 2)}, "image_size is (64, 2)"),
        ({"val_fraction": 1.0}, "val_fraction is 1"),
        ({"threads": 0}, "threads is 0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(SettingError) as caught:
        Settings(**wrong).check()  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_keywords_of_train_are_the_settings() -> None:
    own = {each.name: get_type_hints(Settings)[each.name] for each in fields(Settings)}
    assert get_type_hints(SettingsDict) == own
    assert set(ResumeDict.__annotations__) < set(own)


def test_a_keyword_that_is_no_setting_is_one_clear_line() -> None:
    with pytest.raises(SettingError, match="no setting 'batchsize'; did you mean 'batch_size'"):
        make_settings({"batchsize": 8})  # type: ignore[typeddict-unknown-key]


def test_settings_survive_json() -> None:
    chosen = Settings(epochs=3, image_size=(8, 9), mirror=False, background="#010203")
    assert Settings.from_json(chosen.as_json()) == chosen


def test_settings_of_a_newer_version_are_refused() -> None:
    with pytest.raises(SettingError, match="newer"):
        Settings.from_json({"warp": 9})


def test_records_of_heads_hold_a_default_of_before_that_is_none_of_theirs() -> None:
    old = Settings(pretrained="squeezenet1_1", label_smoothing=0.1)
    assert Settings.from_json(old.as_json()).check().label_smoothing == 0
    tuned = replace(old, unfreeze=2)
    assert Settings.from_json(tuned.as_json()) == tuned
