"""What follows the hand: hover, stroke, brush, slider and key, each beside the bare work."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import numpy as np
from playwright.sync_api import Page

from benchmarks.studio.timing import clock, passing, point, tell
from striate import parse, summary
from striate.architecture import zoo
from striate.errors import NotationError
from striate.studio_app.rooms import KINDS, read_question
from striate.studio_app.studio import Studio

NETWORK = "zoo/squeezenet1_1"
IMAGE = "photographs/flower"
QUICK = ["cam", "grad-cam", "hires-cam"]
SLOW = ["gradient", "guided-backprop", "smoothgrad", "occlusion"]
WARM = 10  # moves that are not counted
SETTLED = """() => {
  const { asked, answers } = document.querySelector(".draw").dataset;
  return asked === answers;
}"""
KEYS = """() => {
  const area = document.getElementById("network-text");
  let begun = 0;
  window.keys = [];
  area.addEventListener("keydown", () => { begun = performance.now(); }, true);
  document.querySelector(".build").addEventListener("checked", () => {
    const [from, text] = [begun, area.value];
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.keys.push([performance.now() - from, text]);
      channel.port2.postMessage(null);
    });
  });
}"""
TYPED = {  # at the end of the text, again and again
    "an error at each key": " > conv 8 > relu",
    "no error": " # and no more",
}


def answering(studio: Studio, **question: Any) -> Callable[[], object]:
    """Return the work of answering a question without page and socket."""

    def work() -> object:
        read = read_question(json.dumps({"id": 1, **question}))
        return KINDS[read.kind].answer(studio, read, lambda what, share: None)

    return work


def hover(page: Page, address: str, studio: Studio, count: int) -> None:
    """Point at numbers of a convolution of SqueezeNet, one after the other."""
    page.goto(f"{address}#room=inside&network={NETWORK}&image={IMAGE}&layer=features.3.expand3x3")
    page.wait_for_selector(".stage")
    page.wait_for_timeout(1500)
    draw = np.random.default_rng(0)
    forward = passing(studio.networks.open(NETWORK).classifier)
    painted, bare = [], []
    for _ in range(count):
        x, y = draw.uniform(0.05, 0.95, 2).tolist()
        painted.append(point(page, ".out canvas", "pointermove", x, y, watched=".sum > div"))
        bare.append(clock(forward))
    tell("Inside, hover, SqueezeNet", painted, bare_forward_pass=bare)


def stroke(page: Page, address: str, studio: Studio, count: int) -> None:
    """Draw a spiral, point by point."""
    forward = passing(studio.networks.open("module/lenet").classifier)
    for view in ("flat", "solid"):
        page.goto("about:blank")
        page.goto(f"{address}#room=draw&network=module/lenet&view={view}")
        page.wait_for_selector(".draw[data-answers]")
        page.wait_for_timeout(1000)
        painted, bare = [], []
        kind = "pointerdown"
        seen: dict[str, Any] = {"attributes": True, "attributeFilter": ["data-answers"]}
        for number in range(count):
            angle, size = number / 12, 0.15 + 0.3 * number / count  # points far enough apart
            x, y = float(0.5 + size * np.cos(angle)), float(0.5 + size * np.sin(angle))
            painted.append(point(page, ".pad canvas", kind, x, y, watched=".draw", **seen))
            kind = "pointermove"
            bare.append(clock(forward))
            page.wait_for_function(SETTLED)
        tell(f"Draw, stroke, LeNet-5, {view}", painted, bare_forward_pass=bare)


def brush(page: Page, address: str, studio: Studio, count: int) -> None:
    """Cover a photograph bit by bit, with maps of one pass, and with slow ones beside them."""
    forward = passing(studio.networks.open(NETWORK).classifier)
    for named, methods in (("three maps", QUICK), ("and four slow ones", [*QUICK, *SLOW])):
        page.goto("about:blank")
        place = f"room=explain&network={NETWORK}&image={IMAGE}&methods={quote(','.join(methods))}"
        page.goto(f"{address}#{place}")
        page.wait_for_selector(".heat:last-child:not(.old) .range .high", timeout=120_000)
        page.wait_for_timeout(4000)  # the tests that it makes unasked
        page.evaluate("window.point('.brush canvas', 'pointerdown', 0.1, 0.1)")
        page.wait_for_timeout(500)
        found = []
        for number in range(count + WARM):
            at = number % 97 / 97
            x, y = 0.2 + 0.6 * at, 0.3 + 0.4 * (at * 7 % 1)
            seen: dict[str, Any] = {"watched": ".explain .answer > div", "childList": True}
            painted = point(page, ".brush canvas", "pointermove", x, y, **seen)
            points = [[40 + 3 * k % 140, 50 + 2 * k % 130] for k in range(number + 2)]
            strokes = [{"paint": "gray", "radius": 16, "points": points}]
            asked = {"strokes": strokes, "target": -1, "against": -1, "apart": False}
            question = {"kind": "heat", "network": NETWORK, "image": IMAGE, "methods": QUICK}
            alone = clock(answering(studio, **question, **asked))
            found.append([painted, alone, clock(forward)])
        painted, alone, bare = np.array(found[WARM:]).T
        tell(
            f"Explain, brush, SqueezeNet, {named}", painted, answering=alone, bare_forward_pass=bare
        )


def slider(page: Page, address: str, studio: Studio, count: int) -> None:
    """Move the slider of the stride over a photograph of 224 pixels."""
    page.goto(f"{address}#room=playground&image={IMAGE}&side=224")
    page.wait_for_selector(".sizes .result")
    kernel = {
        **{"numbers": "-1 0 1;-2 0 2;-1 0 1", "divisor": 1, "bias": 0, "pad": "valid"},
        **{"sides": [1, 1, 1, 1], "padmode": "zero", "dilation": [1, 1]},
    }
    pool = {"mode": "max", "window": [2, 2], "stride": [2, 2], "pad": [0, 0], "ceil": False}
    play = {
        **{"kind": "play", "image": IMAGE, "grid": "", "side": 224, "channels": "gray"},
        **{"slope": 0, "pool": pool, "step": "conv", "source": 0, "unit": 0, "row": 1, "column": 1},
    }
    found = []
    for number in range(count + WARM):
        stride = 1 + number % 3
        painted = page.evaluate(
            """(value) => window.slid(".sizes", { childList: true },
              document.querySelectorAll(".settings input[type=range]")[1], value)""",
            str(1 + stride % 3),
        )
        work = answering(studio, **play, kernel={**kernel, "stride": [1 + stride % 3] * 2})
        found.append([painted, clock(work)])
    painted, alone = np.array(found[WARM:]).T
    tell("Playground, slider, 224 pixels", painted, answering=alone)


def key(page: Page, address: str, studio: Studio, count: int) -> None:
    """Type at the end of LeNet-5."""
    _type(page, address, count, "lenet5")


def long_key(page: Page, address: str, studio: Studio, count: int) -> None:
    """Type at the end of ResNet-50."""
    _type(page, address, count, "resnet50")


def _type(page: Page, address: str, count: int, name: str) -> None:
    """Type with an error at each key, and with none."""
    for kind, typed in TYPED.items():
        page.goto("about:blank")
        page.goto(f"{address}#room=build&text={quote(zoo.text(name).rstrip())}")
        page.wait_for_selector(".drawing svg")
        page.locator("#network-text").click()
        page.keyboard.press("Control+End")
        page.evaluate(KEYS)
        found = []
        for number in range(count):
            page.keyboard.type(typed[number % len(typed)])
            page.wait_for_timeout(100)  # as fast typing has it; the drawing comes in between
            painted, text = page.evaluate("window.keys.at(-1)")
            found.append([painted, *(clock(_reading(work, text)) for work in (parse, summary))])
            if number % len(typed) == len(typed) - 1:  # the text stays of its size
                for _ in typed:
                    page.keyboard.press("Backspace")
                page.wait_for_timeout(300)
        painted, parsed, summed = np.array(found).T
        tell(f"Build, key, {name}, {kind}", painted, parse=parsed, summary=summed)


def _reading(work: Callable[[str], object], text: str) -> Callable[[], object]:
    def read() -> object:
        with suppress(NotationError):
            return work(text)
        return None

    return read
