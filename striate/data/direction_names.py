"""Directions in the names of classes, in twelve languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

DIRECTIONS = {
    "English": "left right leftward rightward leftwards rightwards clockwise anticlockwise "
    "counterclockwise",
    "German": "links rechts linke linker linkes linken rechte rechter rechtes rechten",
    "French": "gauche gauches droite droites",
    "Spanish": "izquierda izquierdo izquierdas izquierdos derecha derecho derechas derechos",
    "Italian": "sinistra sinistro sinistre sinistri destra destro destre destri",
    "Portuguese": "esquerda esquerdo esquerdas esquerdos direita direito direitas direitos",
    "Dutch": "links rechts linker rechter linksaf rechtsaf linksom rechtsom",
    "Polish": "lewo prawo lewy prawy lewa prawa lewe prawe lewej prawej lewą prawą",
    "Turkish": "sol sağ sola sağa soldan sağdan solda sağda",
    "Russian": "лево право левый правый левая правая левое правое налево направо влево вправо "
    "слева справа",
    "Chinese": "左 右",
    "Japanese": "左 右 ひだり みぎ ヒダリ ミギ",
}
WORDS = frozenset(word for words in DIRECTIONS.values() for word in words.split())
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


def split_words(name: str) -> list[str]:
    """Return the words of a name in small letters, split at non-letters and changes of case.

    Chinese and Japanese put no space between words: there each Han character counts as one.

    >>> split_words("turnLeft_90"), split_words("HTTPLinks"), split_words("leftover")
    (['turn', 'left'], ['http', 'links'], ['leftover'])
    >>> split_words("左转弯")
    ['左', '转', '弯']
    """
    words, before = [""], ""
    letters = unicodedata.normalize("NFC", name)
    for letter, after in pairwise(f"{letters} "):
        begins = letter.isupper() and (before.islower() or (before.isupper() and after.islower()))
        if begins or HAN.match(letter) or HAN.match(before):
            words.append("")
        if letter.isalpha():
            words[-1] += letter
        else:
            words.append("")
        before = letter
    return [word.lower() for word in words if word]


def find_direction(names: Iterable[str]) -> tuple[str, str] | None:
    """Return the first name that holds a direction as a whole word, with that word; None if none.

    >>> find_direction(["Wright", "leftover", "keep Right"])
    ('keep Right', 'right')
    >>> find_direction(["ants", "bees"])
    """
    for name in names:
        for word in split_words(name):
            if word in WORDS:
                return name, word
    return None
