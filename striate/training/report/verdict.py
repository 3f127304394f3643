"""What a run is worth in one sentence, and what to do next."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from striate.data.collection import format_count
from striate.evaluation.metrics import ClassScore, Evaluation
from striate.terminal.units import format_percent
from striate.training.health import Finding
from striate.training.image_findings import TOO_GOOD
from striate.training.report.facts import Facts

WELL, FAIR = 0.9, 0.7  # the lower end of the accuracy's interval from which it works (well)
NAMED = 2  # classes that a sentence names
CAUSES = {
    "preprocessing": "the values that go into the network are not scaled as they should be",
    "learning rate": "the learning rate was too high",
    "normalisation": "batch normalisation has not learnt its means and variances",
    "dead units": "most units of a layer died",
    "saturation": "most units of a layer are saturated",
    "labels": "the labels may not belong to their images",
    "nothing learnt": "the training was too short or the network does not suit",
}
"""By the name of a finding of `striate.training.health`: the end of a sentence."""

LABELS = {"labels", "nothing learnt"}  # findings after which images should be looked at


@dataclass(frozen=True)
class NextStep:
    """Something to do.

    Attributes:
        words: what, and why.
        command: that does it; "" where none does.
        anchor: a section of the page to look at; "" where none is.
    """

    words: str
    command: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Verdict:
    """What a run is worth.

    Attributes:
        grade: whether it works, works with mistakes, or failed.
        words: one sentence, or two.
        steps: what to do next, the most urgent first.
    """

    grade: Literal["good", "fair", "failed"]
    words: str
    steps: tuple[NextStep, ...]


def reach_verdict(facts: Facts) -> Verdict:
    """Say what a run is worth: against guessing, class by class, and how healthy its training was.

    Example: ``reach_verdict(facts).steps[0].command``.
    """
    result = facts.evaluation
    common = max(result.per_class, key=lambda score: score.n)
    guess = common.n / result.n
    always = f"always answering '{common.name}'"
    finding = facts.findings[0] if facts.findings else None
    why = "" if finding is None else _name_cause(facts, finding)
    if len(result.classes) > 1 and result.accuracy_low <= guess:
        told = (
            f"{format_percent(result.accuracy)} correct cannot be told from guessing "
            f"({always}: {format_percent(guess)})"
        )
        words = f"It has learnt nothing useful: {told}."
        words += f" {why[:1].upper()}{why[1:]}." if why else ""
        return Verdict("failed", words, tuple(_mend(facts, finding)))
    never = [score for score in result.per_class if score.n and not score.recall]
    doubt = next((note for note in facts.notes if TOO_GOOD in note), "")
    grade, begin = _grade(result)
    if doubt:
        grade, begin = "fair", "It seems to work"
    words = f"{begin}: {_mistakes(result)}{_classes(result, never)}."
    if doubt:
        words += f" But {doubt.partition('. ')[0]}."
    if finding is not None:
        words += f" But training was not healthy: {why}."
    elif facts.interrupted:
        words += " The run was ended early, so it may become better."
    steps = (*_mend(facts, finding, works=True), *_look(facts, never), *_use(facts))
    return Verdict("fair" if never or finding else grade, words, steps)


def find_cure(facts: Facts) -> str:
    """Return the command to try next where a run has failed; "" where it has not."""
    verdict = reach_verdict(facts)
    if verdict.grade != "failed":
        return ""
    return next((step.command for step in verdict.steps if step.command), "")


def _name_cause(facts: Facts, finding: Finding) -> str:
    """Return why training failed, as the end of a sentence; with the rate that was asked for."""
    rate = re.search(r"--learning-rate[ =]([\d.e+-]+)", facts.command)
    if finding.name == "learning rate" and rate:
        return f"the learning rate of {rate[1]} was too high"
    return CAUSES.get(finding.name, finding.name)


def _grade(result: Evaluation) -> tuple[Literal["good", "fair"], str]:
    if result.accuracy_low >= WELL:
        return "good", "It works well"
    if result.accuracy_low >= FAIR:
        return "fair", "It works, with mistakes" if result.classification_error else "It works"
    if result.accuracy >= FAIR:
        return "fair", f"It may work, but {format_count(result.n, 'image')} can hardly tell"
    return "fair", "It has learnt something, but is often wrong"


def _mistakes(result: Evaluation) -> str:
    error = result.classification_error
    if not error:
        return f"no mistake in {format_count(result.n, 'answer')}"
    if error > 0.4:  # one in two would say too little
        return f"{format_percent(error)} of the answers are wrong"
    return f"about 1 answer in {round(1 / error):,} is wrong"


def _classes(result: Evaluation, never: Sequence[ClassScore]) -> str:
    """Say how the weakest classes fare: the end of a sentence."""
    there = [score for score in result.per_class if score.n]
    if never:
        verb = "is" if len(never) == 1 else "are"
        return f", and {len(never)} of {len(there)} classes {verb} never found"
    weakest = min(there, key=lambda score: score.recall or 0.0)
    recall = weakest.recall or 0.0
    if len(there) < 2 or recall == 1:
        return ""
    if recall < result.accuracy - 0.1:
        return f", most often for '{weakest.name}', of which {format_percent(recall)} are found"
    return f", and of every class at least {format_percent(recall)} are found"


RESUMED = "\nstriate train --resume "  # begins each command after the first


def _mend(facts: Facts, finding: Finding | None, *, works: bool = False) -> Iterator[NextStep]:
    """Give what makes the training itself better."""
    if finding is not None:
        cure = finding.cure
        given = re.search(r"(--[a-z][a-z-]+) ([\d.e+-]*\d)", cure)
        command = _with(facts.command, given[1], given[2]) if given else ""
        told = "Train again with a lower learning rate" if finding.name == "learning rate" else ""
        yield NextStep(
            f"{told or cure[:1].upper() + cure[1:]}:" if command else f"{cure}.", command
        )
    elif facts.interrupted and facts.folder:
        command = shlex.join(["striate", "train", "--resume", facts.folder])
        yield NextStep("Go on with the run:", command)
    elif not works and facts.epochs:
        patience = re.search(r"--patience (\d+)", facts.command)
        if patience and facts.epochs[-1].epoch < facts.epochs[-1].epochs:  # it ended the run
            more = _with(facts.command, "--patience", str(3 * int(patience[1])))
        else:
            more = _with(facts.command, "--epochs", str(3 * len(facts.epochs)))
        yield NextStep("Train longer:" if more else "Train longer.", more)
    if not works and (finding is None or finding.name in LABELS):
        yield NextStep(
            "Look at some training images of each class: are they in the right folder, and could "
            "you tell the classes apart at this size?",
            anchor="data",
        )


def _look(facts: Facts, never: Sequence[ClassScore]) -> Iterator[NextStep]:
    """Give what to look at among the images."""
    if never:
        learnt = [facts.counts.get("train", {}).get(score.name, 0) for score in never]
        listed = ", ".join(f"'{score.name}'" for score in never[:NAMED])
        more = f" and {len(never) - NAMED} more" if len(never) > NAMED else ""
        had = (
            f"{min(learnt):,}"
            if min(learnt) == max(learnt)
            else f"{min(learnt):,} to {max(learnt):,}"
        )
        yield NextStep(
            f"Give more images of what is never found, {listed}{more} ({had} to learn from"
            f"{'' if len(never) == 1 else ' each'}).",
            anchor="classes",
        )
    found = facts.image_findings or ()
    if found:
        count = "an image that needs" if len(found) == 1 else f"{len(found):,} images that need"
        yield NextStep(f"Look at {count} a look first.", anchor="first")


def _use(facts: Facts) -> Iterator[NextStep]:
    """Give what the classifier is used by."""
    if not facts.folder:
        return
    command = shlex.join(["striate", "predict", facts.folder, "new"])
    yield NextStep("Classify the images of a folder, here one named new:", command)
    file = next((one.file for one in facts.worst if one.file), "")
    if file:
        command = shlex.join(["striate", "explain", facts.folder, file])
        yield NextStep("See why it answers as it does, here for its worst image:", command)
    else:
        source = str(facts.run.get("data", "DATA"))
        command = shlex.join(["striate", "explain", facts.folder, "--data", source])
        yield NextStep("See what its units look for:", command)


def _with(command: str, option: str, value: str) -> str:
    r"""Return the first of some commands with an option set, instead of the value that it has.

    "" where it is none, but a call of Python's with a torch module.

    >>> _with("striate train digits --learning-rate 3.0 --epochs 4", "--learning-rate", "0.003")
    'striate train digits --learning-rate 0.003 --epochs 4'
    >>> _with("striate train digits --minutes 2.0\nstriate train --resume RUN", "--epochs", "9")
    'striate train digits --epochs 9'
    """
    if not command.startswith("striate train "):
        return ""
    words = shlex.split(command.split(RESUMED)[0])
    if option == "--epochs" and "--minutes" in words:  # which exclude each other
        place = words.index("--minutes")
        del words[place : place + 2]
    if option in words[:-1]:
        words[words.index(option) + 1] = value
    else:
        words += [option, value]
    return shlex.join(words)
