"""Templates that are loaded in the background."""

from __future__ import annotations

import threading

from striate.render.template import LOADING, load_templates_ahead, wait_for_templates


def test_waiting_ends_when_all_templates_are_loaded() -> None:
    for _ in range(2):
        load_templates_ahead("render/", "training/report/")
    wait_for_templates()
    assert LOADING not in {thread.name for thread in threading.enumerate()}
