from hypothesis import given
from hypothesis import strategies as st

from striate.terminal.units import format_duration


@given(st.floats(0, 1e7))
def test_no_part_overflows(seconds: float) -> None:
    parts = format_duration(seconds).split()
    numbers, units = [int(part) for part in parts[::2]], parts[1::2]
    assert units in (["s"], ["min", "s"], ["h", "min"])
    if len(numbers) == 2:
        assert numbers[1] < 60


def test_rounding_carries() -> None:
    assert format_duration(59.6) == "1 min 0 s"
