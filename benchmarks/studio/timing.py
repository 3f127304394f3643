"""From an event in the page to the frame that shows its answer, beside the same work in Python."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from playwright.sync_api import Page

from striate.model.classifier import Classifier

# painted(watched, options): milliseconds of the clock after the frame that paints a change;
# point(target, type, x, y): an event of the pointer at a share of an element's sides
SCRIPT = """
window.painted = (watched, options) => new Promise((done) => {
  const changes = new MutationObserver(() => {
    changes.disconnect();
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => done(performance.now());
      channel.port2.postMessage(null);
    });
  });
  changes.observe(document.querySelector(watched), options);
});
window.point = (target, type, x, y) => {
  const element = document.querySelector(target);
  element.setPointerCapture = () => {}; // there is no such pointer
  const { left, top, width, height } = element.getBoundingClientRect();
  const clientX = left + x * width;
  const clientY = top + y * height;
  const event = { pointerId: 1, button: 0, bubbles: true, isPrimary: true, clientX, clientY };
  element.dispatchEvent(new PointerEvent(type, event));
};
window.pointed = async (watched, options, ...event) => {
  const seen = window.painted(watched, options);
  const begun = performance.now();
  window.point(...event);
  return await seen - begun;
};
window.slid = async (watched, options, slider, value) => {
  const seen = window.painted(watched, options);
  const begun = performance.now();
  slider.value = value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  return await seen - begun;
};
"""
CHILDREN = {"childList": True, "subtree": True, "characterData": True}
PAUSE = 0.04  # seconds from a frame to the bare work, so that the browser has put it on the screen


def point(
    page: Page, target: str, kind: str, x: float, y: float, *, watched: str, **seen: Any
) -> float:
    """Return the milliseconds from an event of the pointer to the frame that shows its answer."""
    given = [watched, seen or CHILDREN, target, kind, x, y]
    return float(page.evaluate("(given) => window.pointed(...given)", given))


def clock(work: Callable[[], object]) -> float:
    """Return how many milliseconds something takes by itself."""
    time.sleep(PAUSE)
    begun = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begun)


def passing(model: Classifier) -> Callable[[], object]:
    """Return the bare forward pass of an image."""
    module = model.module.eval()
    image = torch.rand(1, *model.preprocess.shape)

    def work() -> object:
        with torch.inference_mode():
            return module(image)

    work()
    return work


def tell(what: str, painted: Sequence[float], **bare: Sequence[float]) -> None:
    """Print percentiles, and what the page adds to each of what is computed without it."""
    print(f"{what:44} {_spread(painted)}", flush=True)
    for name, column in bare.items():
        added = np.array(painted) - np.array(column)
        label = f"  {name.replace('_', ' ')}"
        more = f"the page adds {_spread(added)}"
        print(f"{label:44} {_spread(column)}; {more}", flush=True)


def _spread(values: Sequence[float] | np.ndarray) -> str:
    middle, high = np.percentile(values, [50, 95])
    return f"{middle:.1f} ms (p95 {high:.1f})"
