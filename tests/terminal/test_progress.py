import time

import pytest

from striate.events import Event, Progress
from striate.terminal.progress import ProgressReporter


def test_it_tells_seldom_but_always_the_end() -> None:
    told: list[Event] = []
    reporter = ProgressReporter("reading", told.append)
    for done in range(1, 1001):
        reporter(done, 1000)
    assert 1 <= len(told) < 100
    last = told[-1]
    assert isinstance(last, Progress)
    assert (last.done, last.total, last.seconds_left) == (1000, 1000, 0.0)
    assert last.rate > 0


@pytest.mark.parametrize("kept", [0, 1, 900_000])
def test_preparation_and_what_was_kept_count_for_nothing(
    kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    told: list[Event] = []
    reporter = ProgressReporter("comparing", told.append)
    now += 600  # of preparation
    reporter(kept, 1_000_000)
    now += 2
    reporter(kept + 1000, 1_000_000)
    first, second = told
    assert isinstance(first, Progress) and isinstance(second, Progress)
    assert first.seconds_left is None
    assert second.rate == pytest.approx(500)
    assert second.seconds_left == pytest.approx((999_000 - kept) / 500)


def test_work_that_is_done_at_once_has_a_rate() -> None:
    told: list[Event] = []
    ProgressReporter("reading", told.append)(10, 10)
    (only,) = told
    assert isinstance(only, Progress) and only.rate > 0 and only.seconds_left == 0
