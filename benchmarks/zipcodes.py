"""How many zip codes are read whole: five digits, cut apart and classified.

    python -m benchmarks.zipcodes [--rounds 500] [--model FILE] [--quick]

Zip codes are drawn from MNIST's 10,000 test digits, which the classifier has not seen: digits that
stand apart, that touch, that are slanted, and on a stamped ground; a seed draws them again. A
second set is drawn from the test digits of USPS, which come from envelopes. The classifier is
trained on MNIST first, unless --model names one. Times mean nothing here, so this may run beside
other work.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import striate as st
from benchmarks.harness import Machine, Report, look, parser, publish, read
from benchmarks.harness.written_lines import KINDS, Kind, draw_line
from striate.data.sources.lookup import find
from striate.evaluation.metrics.wilson import wilson_interval
from striate.events import ignore
from striate.model.classifier import Classifier
from striate.model.prediction import Unreadable
from striate.model.segmentation.line_reading import read_lines
from striate.terminal.tables import Table
from striate.terminal.units import format_percent

LENGTH = 5  # digits of a zip code
TOLD = ", length told"
WAYS = [(kind, told) for kind in KINDS for told in (False, True) if not told or kind.touching]
SEED = 20  # of the lines
SOURCES = {"MNIST": "data/mnist", "USPS": "data/usps/usps_test.npz"}
FEWER = {"MNIST": 1, "USPS": 5}  # what the number of lines is divided by


@dataclass(frozen=True)
class Trial:
    """One line that was read.

    Attributes:
        source: whose digits.
        kind: how it was written.
        told: whether its length was told.
        truth: what stands there.
        text: what was read; empty where nothing could be.
        probability: of the whole, as it was told.
        unsure: whether it was told to be unsure.
    """

    source: str
    kind: str
    told: bool
    truth: str
    text: str
    probability: float
    unsure: bool

    @property
    def whole(self) -> bool:
        """Whether all of it is right."""
        return self.text == self.truth


def main() -> None:
    """Train, draw, read; and count."""
    made = parser((__doc__ or "").splitlines()[0], rounds=500)
    made.add_argument("--model", type=Path, help="a classifier of digits; else one is trained")
    chosen = read(made, needed=tuple(SOURCES.values()))
    machine = look()
    rounds = 10 if chosen.quick else chosen.rounds
    data = chosen.shared / SOURCES["MNIST"]
    model = st.load(chosen.model) if chosen.model else train(data, quick=chosen.quick)
    trials = []
    for source, place in SOURCES.items():
        digits = TestDigits.find(chosen.shared / place)
        for kind, told in WAYS:
            number = rounds // FEWER[source]
            own = list(read_all(model, digits, kind, source=source, rounds=number, told=told))
            whole = sum(each.whole for each in own)
            print(f"{source}, {kind.name}{TOLD * told}: {whole} of {len(own)}", flush=True)
            trials += own
    publish(report(trials, model, machine), chosen.out)


def train(data: Path, *, quick: bool) -> Classifier:
    """Train a classifier of MNIST as `striate train` does where nothing is said."""
    with tempfile.TemporaryDirectory() as folder:
        epochs = 1 if quick else None
        return st.train(
            data, out=Path(folder) / "run", epochs=epochs, seed=0, callback=ignore
        ).model


@dataclass(frozen=True, eq=False)
class TestDigits:
    """Digits that the classifier has not seen.

    Attributes:
        images: uint8 (n, rows, columns), bright ink on a dark ground.
        labels: of each.
    """

    __test__ = False  # no tests of pytest's

    images: np.ndarray
    labels: tuple[str, ...]

    @staticmethod
    def find(place: str | Path) -> TestDigits:
        """Read the test digits of a data set."""
        found = find(place)
        test = found.only(np.flatnonzero(np.array(found.splits) == "test"))
        images = np.stack([np.asarray(test.open(number)) for number in range(len(test))])
        return TestDigits(images, tuple(test.classes[label] for label in test.labels))


def draw_zip_codes(
    digits: TestDigits, kind: Kind, *, rounds: int, seed: int = SEED
) -> Iterator[tuple[str, np.ndarray]]:
    """Give the text and the scan of each line; the same for the same seed."""
    for number in range(rounds):
        generator = np.random.default_rng([seed, KINDS.index(kind), number])
        chosen = generator.integers(len(digits.images), size=LENGTH)
        image = draw_line([digits.images[place] for place in chosen], kind, generator)
        yield "".join(digits.labels[place] for place in chosen), image


def read_all(
    model: Classifier, digits: TestDigits, kind: Kind, *, source: str, rounds: int, told: bool
) -> Iterator[Trial]:
    """Draw lines of one kind and read them."""
    for truth, image in draw_zip_codes(digits, kind, rounds=rounds):
        (line,) = read_lines(model, [image], length=LENGTH if told else None)
        answer = ("", 0.0, True)
        if not isinstance(line, Unreadable):
            answer = (line.text, line.probability, line.unsure)
        yield Trial(source, kind.name, told, truth, *answer)


def report(trials: Sequence[Trial], model: Classifier, machine: Machine) -> Report:
    """Write down what was found."""
    first = "MNIST", KINDS[0].name
    rounds = sum((each.source, each.kind) == first for each in trials)
    return Report(
        name="zipcodes",
        title="Zip codes, read whole",
        command=f'make bench-zipcodes BENCH_FLAGS="--rounds {rounds}"',
        method=(
            f"Zip codes of {LENGTH} digits, {rounds} of each kind, are drawn from the test digits "
            f"of MNIST, {rounds // FEWER['USPS']} from those of USPS "
            "(benchmarks/harness/written_lines.py), and read by `striate predict --segment` with "
            f"a classifier of MNIST's training digits ({model!r}); how many digits there are is "
            "not told but where it says so (--length). Separate digits are 2 to 10 pixels apart. "
            "Touching: every digit is moved until it touches the one before, and up to 2 % of the "
            "height further. Slanted: the line is rotated by up to 12 degrees, its digits lean by "
            "up to 19 degrees, either way. Stamped ground: a grey of 150 to 220, uneven, noise of "
            "4 to 12 of 255, one to three ruled lines, and rings of a postmark. What decides "
            "where to cut was chosen on lines of MNIST's training digits."
        ),
        tables=(table(trials),),
        findings=findings(trials),
        machine=machine,
        raw={"trials": [asdict(each) for each in trials]},
    )


def table(trials: Sequence[Trial]) -> Table:
    """Show a row a data set and kind."""
    header = ("digits of", "lines", "read whole", "right length", "told on the mean", "if sure")
    rows = []
    for source in SOURCES:
        for kind, told in WAYS:
            way = source, kind.name, told
            own = [each for each in trials if (each.source, each.kind, each.told) == way]
            if not own:
                continue
            right = sum(each.whole for each in own)
            low, high = wilson_interval(right, len(own))
            length = float(np.mean([len(each.text) == len(each.truth) for each in own]))
            said = float(np.mean([each.probability for each in own]))
            sure = [each.whole for each in own if not each.unsure]
            rows.append(
                (
                    source,
                    f"{kind.name}{TOLD * told}",
                    f"{format_percent(right / len(own))} ({100 * low:.1f} to {100 * high:.1f})",
                    format_percent(length),
                    format_percent(said),
                    f"{format_percent(float(np.mean(sure)))} of {len(sure)}" if sure else "",
                )
            )
    return Table(header, tuple(rows), set(header[3:]))


def findings(trials: Sequence[Trial]) -> tuple[str, ...]:
    """Say what the columns mean, and the largest cause of error."""
    wrong = [each for each in trials if not each.whole]
    cut = sum(len(each.text) != len(each.truth) for each in wrong)
    return (
        "Read whole: all digits right and none too many, with its 95 % interval (Wilson). Told on "
        "the mean: the probability of the whole that was told. If sure: read whole, of the lines "
        "that were not told to be unsure.",
        f"Of {len(wrong):,} lines read wrong, {cut:,} were cut wrong; in the others a digit was "
        "taken for another.",
    )


if __name__ == "__main__":
    main()
