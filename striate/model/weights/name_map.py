"""A map from their names to ours, where order and names do not say which tensor goes where."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from striate.errors import WeightsError

HEADERS = {("theirs", "ours"), ("from", "to"), ("file", "network")}
EXPECTED = (
    'expected a JSON object such as {"features.0": "conv1", "aux": ""}, or a CSV of two columns, '
    "theirs and ours"
)


def read_map(given: Mapping[str, str] | str | Path) -> dict[str, str]:
    """Read which of their names stands for which of ours.

    Names are those of tensors ("fc.weight") or of what holds them ("fc", "layer1"); an empty
    name of ours leaves theirs out.

    Args:
        given: a mapping, or a JSON or CSV file of one.

    Raises:
        WeightsError: the file cannot be read, or is no map.

    >>> read_map({"features.0": "conv1", "aux": ""})
    {'features.0': 'conv1', 'aux': ''}
    """
    if isinstance(given, Mapping):
        return _checked(given, "the map")
    path = Path(given)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise WeightsError(f"the map '{path}' is no text in UTF-8; {EXPECTED}") from error
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise WeightsError(f"the map '{path}' cannot be read: {said}") from error
    if text.lstrip().startswith(("{", "[")):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise WeightsError(f"the map '{path}' is no JSON: {error}; {EXPECTED}") from error
        if not isinstance(found, dict):
            raise WeightsError(f"the map '{path}' is a list; {EXPECTED}")
        return _checked(found, f"the map '{path}'")
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if any(row)]
    for number, row in enumerate(rows, 1):
        if len(row) != 2:
            raise WeightsError(
                f"row {number} of the map '{path}' has {len(row)} columns; {EXPECTED}"
            )
    if rows and (rows[0][0].casefold(), rows[0][1].casefold()) in HEADERS:
        rows = rows[1:]
    twice = [theirs for place, (theirs, _) in enumerate(rows) if theirs in dict(rows[:place])]
    if twice:
        raise WeightsError(f"the map '{path}' names '{twice[0]}' twice; expected each once")
    return _checked(dict(rows), f"the map '{path}'")


def apply_map(names: Iterable[str], rules: Mapping[str, str]) -> dict[str, str | None]:
    """Return what the map makes of their names: ours, "" where left out, None where it is silent.

    The longest rule that covers a name holds.

    Args:
        names: of their tensors.
        rules: from `read_map`.

    Raises:
        WeightsError: a rule covers no tensor.

    >>> apply_map(["a.0.weight", "a.1.weight", "b"], {"a": "block1", "a.1": "fc1"})
    {'a.0.weight': 'block1.0.weight', 'a.1.weight': 'fc1.weight', 'b': None}
    """
    found: dict[str, str | None] = {}
    for name in names:
        parts = name.split(".")
        found[name] = None
        for length in range(len(parts), 0, -1):
            front = ".".join(parts[:length])
            if front in rules:
                ours = rules[front].rstrip(".")
                found[name] = ".".join([ours, *parts[length:]]) if ours else ""
                break
    idle = [r for r in rules if not any(f"{name}.".startswith(f"{r}.") for name in found)]
    if idle:
        raise WeightsError(
            f"the map speaks of '{idle[0]}', which no tensor of the file is called or begins with; "
            f"the first of the file is '{next(iter(found), 'none')}'"
        )
    return found


def _checked(found: Mapping[object, object] | Mapping[str, str], which: str) -> dict[str, str]:
    rules: dict[str, str] = {}
    for theirs, ours in found.items():
        if not isinstance(theirs, str) or not (ours is None or isinstance(ours, str)):
            raise WeightsError(f"{which} pairs {theirs!r} with {ours!r}; {EXPECTED}")
        rules[theirs.rstrip(".")] = ours or ""
    if not rules:
        raise WeightsError(f"{which} is empty; {EXPECTED}")
    return rules
