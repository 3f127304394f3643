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
