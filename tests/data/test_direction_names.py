from __future__ import annotations

import unicodedata

import pytest

from striate.data.direction_names import DIRECTIONS, find_direction, split_words


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("turn_left", "left"),
        ("Keep right", "right"),
        ("turnLeft", "left"),
        ("LEFT2", "left"),
        ("bend-to-the-RIGHT", "right"),
        ("HTMLLinks", "links"),
        ("Fahrbahn rechts", "rechts"),
        ("virage à gauche", "gauche"),
        ("girar-a-la-izquierda", "izquierda"),
        ("svolta a destra", "destra"),
        ("virar à direita", "direita"),
        ("linksaf", "linksaf"),
        ("zakręt w lewo", "lewo"),
        ("SAĞ", "sağ"),
        (unicodedata.normalize("NFD", "sağ_el"), "sağ"),
        ("поворот налево", "налево"),
        ("左转弯", "左"),
        ("右折", "右"),
        ("ひだり手", "ひだり"),
        ("ひだりて", None),  # nothing says where a word of hiragana alone ends
        ("ひだり_手", "ひだり"),
        ("leftover", None),
        ("Wright", None),
        ("bright", None),
        ("copyright", None),
        ("recto", None),
        ("", None),
        ("№ 7", None),
    ],
)
def test_a_direction_is_found_as_a_whole_word_alone(name: str, word: str | None) -> None:
    found = find_direction(["ants", name, "bees"])
    assert found == (None if word is None else (name, word))


def test_every_language_has_both_directions_and_none_needs_another_case() -> None:
    assert len(DIRECTIONS) == 12
    for language, words in DIRECTIONS.items():
        assert len(words.split()) >= 2, language
        for word in words.split():
            assert split_words(word) == [word], language
