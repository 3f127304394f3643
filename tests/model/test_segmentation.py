"""A scanned line is cut into its characters and read, whatever its ground, ink and neighbours."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawn_lines import draw_text, learn_type
from PIL import Image
from scipy import ndimage
from scipy.sparse.csgraph import dijkstra

from striate.backends.torch import build
from striate.data.images import Preprocess
from striate.data.sources.idx import read_idx
from striate.errors import ClassifierError
from striate.model.classifier import Classifier
from striate.model.prediction import Unreadable
from striate.model.segmentation.components import Piece, find_pieces
from striate.model.segmentation.cutting import SIDEWAYS, find_paths, list_cuts
from striate.model.segmentation.glyph_frame import GlyphFrame, choose_frames
from striate.model.segmentation.grouping import Run, find_best, sum_readings
from striate.model.segmentation.ink import find_ink
from striate.model.segmentation.line import LineReading
from striate.model.segmentation.line_reading import name_characters, read_lines
from striate.model.segmentation.runs import list_candidates
from striate.model.segmentation.straightening import straighten
from striate.model.segmentation.whole_character import SIDE, draw_windows, weigh_candidates


def read(image: np.ndarray | str, classes: str = "0123456789") -> LineReading:
    (line,) = read_lines(learn_type(classes), [image])
    assert isinstance(line, LineReading), line
    return line


def refused(image: np.ndarray) -> str:
    (line,) = read_lines(learn_type(), [image])
    assert isinstance(line, Unreadable), line
    return line.error


def test_a_line_is_read_with_a_probability_for_each_character_and_for_the_whole() -> None:
    line = read(draw_text("90210"))
    assert (line.text, line.spelled) == ("90210", "90210")
    each = [glyph.probability for glyph in line.glyphs]
    assert 0.9 * np.prod(each) < line.probability <= line.division <= 1
    for glyph in line.glyphs:
        assert sum(glyph.probabilities) == pytest.approx(1, abs=1e-4)
        assert max(glyph.probabilities) == glyph.probability > 0.5
        assert glyph.label == line.classes[int(np.argmax(glyph.probabilities))]
        assert not glyph.cut


def test_boxes_lie_around_the_ink_of_each_character() -> None:
    image = draw_text("4711")
    _, count = ndimage.label(image < 135, np.ones((3, 3)))
    boxes = [glyph.box for glyph in read(image).glyphs]
    assert len(boxes) == count == 4
    found = ndimage.find_objects(ndimage.label(image < 135, np.ones((3, 3)))[0])
    true = sorted((part[1].start, part[1].stop) for part in found)
    sides = np.array([(left, right) for _, left, _, right in boxes])
    assert np.abs(sides - np.array(true)).max() <= 1


@pytest.mark.parametrize(("paper", "ink"), [(250, 10), (10, 250), (130, 60), (110, 200)], ids=str)
def test_ink_may_be_darker_or_brighter_than_its_ground(paper: int, ink: int) -> None:
    assert read(draw_text("12345", paper=paper, ink=ink)).text == "12345"


def test_colours_of_one_brightness_are_told_apart() -> None:
    red, green = np.array([200, 0, 0]), np.array([0, 102, 0])  # both 60 in grey
    share = draw_text("31415", paper=0, ink=255)[:, :, None] / 255
    image = np.rint(red * share + green * (1 - share)).astype(np.uint8)
    assert np.ptp(np.asarray(Image.fromarray(image).convert("L")).astype(int)) < 12
    assert read(image).text == "31415"


def test_a_dash_is_said_and_not_read() -> None:
    line = read(draw_text("12345-6789"))
    assert (line.text, line.spelled) == ("123456789", "12345-6789")
    assert [mark.kind for mark in line.marks] == ["dash"]
    (_, left, _, right) = line.marks[0].box
    assert line.glyphs[4].box[3] <= left < right <= line.glyphs[5].box[1]


def test_specks_are_no_characters() -> None:
    image = draw_text("867")
    generator = np.random.default_rng(1)
    for row, column in generator.integers(2, np.array(image.shape) - 3, (15, 2)):
        image[row : row + 2, column : column + 2] = 20
    line = read(image)
    assert line.text == "867"
    assert line.specks > 3


def test_a_noisy_uneven_ruled_ground_is_taken_away() -> None:
    image = draw_text("5309", spacing=10).astype(float)
    rows, columns = np.indices(image.shape)
    image -= 60 + 50 * columns / image.shape[1]
    image[30:32] = np.minimum(image[30:32], 60)
    image += np.random.default_rng(2).normal(0, 8, image.shape)
    line = read(image.clip(0, 255).astype(np.uint8))
    assert line.text == "5309"
    assert line.ruled_lines == 1


@pytest.mark.parametrize("angle", [-12, 7])
def test_a_rotated_line_is_turned_level(angle: float) -> None:
    image = Image.fromarray(draw_text("60486")).rotate(angle, expand=True, fillcolor=250)
    line = read(np.asarray(image))
    assert line.text == "60486"
    assert line.angle == pytest.approx(angle, abs=2)


def test_boxes_of_a_rotated_line_lie_in_the_scan() -> None:
    rng = np.random.default_rng(0)
    values = np.zeros((80, 200), np.float32)
    for left in range(20, 180, 40):
        values[int(60 - left / 8) : int(60 - left / 8) + 20, left : left + 8] = rng.uniform(0.8, 1)
    line = straighten(values, values > 0.4)[0]
    found = find_pieces(line.values > 0.4)
    assert len(found.tall) == 4
    for piece in found.tall:
        top, left, bottom, right = line.in_scan(piece.places, values.shape)
        inside = values[top:bottom, left:right]
        assert inside.sum() > 0.9 * 20 * 8 * 0.8
        assert bottom - top < 32
        assert right - left < 20


@pytest.mark.parametrize(("text", "spacing"), [("2860", -1), ("9048", -1), ("9668", -1)])
def test_touching_characters_are_cut_where_they_are_read_best(text: str, spacing: int) -> None:
    image = draw_text(text, spacing=spacing)
    assert ndimage.label(image < 135, np.ones((3, 3)))[1] == 1
    line = read(image)
    assert line.text == text
    assert all(glyph.cut for glyph in line.glyphs)


def test_one_character_is_a_line() -> None:
    assert read(draw_text("7")).text == "7"


@pytest.mark.parametrize("times", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_long_line_is_read_whole(times: int) -> None:
    text = "31415926535897932384626433832795" * times
    assert read(draw_text(text)).text == text


def test_letters_are_read_by_a_classifier_of_letters() -> None:
    assert read(draw_text("TEACH"), "ABCDEFGHT").text == "TEACH"


def test_parts_above_each_other_are_one_character() -> None:
    assert read(draw_text("HiHjH"), "Hij").text == "HiHjH"


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (np.full((40, 200), 250, np.uint8), "nothing stands out"),
        (np.random.default_rng(0).normal(128, 20, (60, 300)).clip(0, 255), "nothing stands out"),
        (np.pad(np.zeros((2, 2), np.uint8), 30, constant_values=255), "no character found"),
        (np.concatenate([draw_text("1234"), draw_text("4321")]), "expected one line"),
    ],
    ids=["empty", "noise", "speck", "two lines"],
)
def test_what_is_no_line_is_refused_in_a_line(image: np.ndarray, why: str) -> None:
    assert why in refused(image.astype(np.uint8))


def test_a_photograph_is_no_line(shared: Callable[[str], Path]) -> None:
    files = sorted(shared("data/ilsvrc_boxes").rglob("*.*"))
    photos = [str(file) for file in files if file.suffix.lower() in (".jpg", ".jpeg", ".png")]
    answers = list(read_lines(learn_type(), photos[::10]))
    assert sum(isinstance(answer, Unreadable) for answer in answers) >= 0.9 * len(answers)


def test_a_classifier_of_words_is_refused() -> None:
    with pytest.raises(ClassifierError, match="class 'ants' is no single character"):
        name_characters(("ants", "bees"))


def test_digits_are_laid_as_mnist_lays_them(shared: Callable[[str], Path]) -> None:
    """A digit of MNIST's, cut out at its ink and laid again, lies where it lay."""
    images = read_idx(shared("data/mnist/t10k-images-idx3-ubyte.gz"))[:500]
    frame = GlyphFrame(1, 28, 28, "centred", bright=True)
    same = 0
    for image in images:
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        same += bool((frame.lay(cut.astype(np.float32) / 255)[0] == image).all())
    assert same >= 0.97 * len(images)


def test_digits_counted_down_are_the_means_of_blocks() -> None:
    bitmap = np.random.default_rng(3).random((32, 32)) > 0.5
    laid = GlyphFrame(1, 8, 8, "filling", bright=True).lay(bitmap.astype(np.float32))[0]
    counted = bitmap.reshape(8, 4, 8, 4).sum((1, 3))  # 0 to 16, as scikit-learn's digits
    assert (laid == np.rint(counted * 255 / 16)).all()


def test_a_frame_has_the_ink_of_what_was_learnt() -> None:
    dark = choose_frames(Preprocess(3, 32, 32, mean=(0.9,) * 3, std=(0.2,) * 3))
    assert [frame.bright for frame in dark] == [False, False]
    laid = dark[0].lay(np.ones((20, 6), np.float32))
    assert laid.shape == (3, 32, 32)
    assert (laid[0, 0, 0], laid[0, 16, 16]) == (255, 0)
    unknown = choose_frames(Preprocess(3, 32, 32, mean=(0.485, 0.456, 0.406), std=(0.2,) * 3))
    assert {frame.bright for frame in unknown} == {True, False}


def test_a_path_crosses_the_least_ink_of_all() -> None:
    """Beside Dijkstra's shortest path through the pixels near each line."""
    cost = np.random.default_rng(4).random((6, 11))
    lines = np.array([[3] * 6, [2, 3, 4, 5, 6, 7], [8, 7, 6, 5, 3, 2]])
    reach = 2
    paths, crossed = find_paths(cost, lines, reach)
    for line, path, found in zip(lines, paths, crossed, strict=True):
        graph = np.zeros((67, 67))  # from each pixel, or the beginning, to each
        near = [list(range(line[r] - reach, line[r] + reach + 1)) for r in range(6)]
        for row, columns in enumerate(near):
            for column in columns:
                ink = cost[row, column]
                if row == 0:
                    graph[66, 11 * row + column] = ink
                elif column in near[row - 1]:
                    graph[11 * (row - 1) + column, 11 * row + column] = ink
                for beside in {column - 1, column + 1} & set(columns):
                    graph[11 * row + beside, 11 * row + column] = ink + SIDEWAYS
        assert found == pytest.approx(dijkstra(graph, indices=66)[55:66].min())
        assert np.abs(path - line).max() <= reach


def nested_line() -> tuple[np.ndarray, np.ndarray]:
    """A 1 that leans on the roof of a T and stands below it: ink, and the T's alone."""
    ink = np.zeros((44, 60), np.float32)
    ink[2:7, 4:44] = ink[2:42, 12:17] = 1
    roof = ink.copy()
    for row in range(4, 42):
        ink[row, 45 - row // 3 : 50 - row // 3] = 1
    return ink, roof


def test_a_character_under_the_roof_of_another_is_a_candidate() -> None:
    ink, roof = nested_line()
    found = find_pieces(ink > 0.4)
    assert len(found.tall) == 1  # they touch
    cuts = list_cuts(found.tall, ink, found.height)
    candidates = list_candidates(cuts, found.tall, found.height)
    overlaps = []
    for wanted in (roof > 0, (ink > 0) & (roof == 0)):
        for each in candidates:
            top, left, bottom, right = each.piece.box
            own = np.zeros(ink.shape, bool)
            own[top:bottom, left:right] = each.piece.ink
            overlaps.append(((own & wanted).sum() / (own | wanted).sum(), wanted.sum()))
    for size in {size for _, size in overlaps}:
        assert max(share for share, other in overlaps if other == size) > 0.9


def test_candidates_side_by_side_make_up_the_line() -> None:
    ink, _ = nested_line()
    ink = np.concatenate([ink, ink], 1)
    found = find_pieces(ink > 0.4)
    cuts = list_cuts(found.tall, ink, found.height)
    candidates = list_candidates(cuts, found.tall, found.height)
    generator = np.random.default_rng(0)
    for _ in range(50):
        count, at = np.zeros(ink.shape, int), 0
        while at < len(cuts) - 1:
            following = [each for each in candidates if each.start == at]
            if not following:
                break
            each = following[generator.integers(len(following))]
            top, left, bottom, right = each.piece.box
            count[top:bottom, left:right] += each.piece.ink
            at = each.stop
        assert (count > 1).sum() <= 0.004 * found.height**2 * 4  # for each of at most 4 cuts
        if at == len(cuts) - 1:
            assert count.sum() >= 0.98 * (ink > 0.4).sum()


def test_a_candidate_is_seen_among_its_neighbours() -> None:
    image = draw_text("123")
    ink = find_ink(image[:, :, None]).values
    found = find_pieces(ink > 0.4)
    cuts = list_cuts(found.tall, ink, found.height)
    candidates = list_candidates(cuts, found.tall, found.height)
    windows = draw_windows(candidates, cuts, found.tall, ink.shape, found.height)
    assert windows.shape == (len(candidates), 3, SIDE, SIDE)
    assert (windows.astype(int).sum(1) <= 257).all()  # no pixel is twice ink
    (two,) = (n for n, each in enumerate(candidates) if each.whole and cuts[each.start].piece == 1)
    scale = (22 / found.height) ** 2
    assert windows[two, 0].sum() / 255 == pytest.approx(found.tall[1].ink.sum() * scale, rel=0.1)
    middle = (np.indices((SIDE, SIDE))[1] * windows[two].astype(float)).sum((1, 2))
    middle /= windows[two].sum((1, 2))
    assert middle[1] < middle[0] - 5 < middle[0] + 5 < middle[2]


def test_one_whole_character_is_told_from_a_part_and_from_two() -> None:
    ink = find_ink(draw_text("8062", spacing=-2)[:, :, None]).values
    found = find_pieces(ink > 0.4)
    line = weigh_candidates(found.tall, ink, found.height)
    likeliest = sorted(zip(line.odds, line.found, strict=True), key=lambda each: -each[0])[:4]
    assert min(odds for odds, _ in likeliest) > 0
    widths = [each.piece.width / found.height for _, each in likeliest]
    assert 0.5 < min(widths) <= max(widths) < 1
    assert (line.odds < 0).mean() > 0.7


def test_all_readings_of_a_line_are_summed() -> None:
    """Beside a list of every way to cut four parts, and every class of each character."""
    rng = np.random.default_rng(6)
    none = Piece((0, 0, 1, 1), np.ones((1, 1), bool))
    spans = [(start, stop) for start in range(4) for stop in range(start + 1, 5)]
    runs = {span: Run(*span, none, np.ones(3) / 3, rng.normal(0, 2, 3), False) for span in spans}
    readings = []  # the score, the text
    for inner in itertools.chain(*(itertools.combinations((1, 2, 3), n) for n in range(4))):
        taken = [runs[span] for span in itertools.pairwise((0, *inner, 4))]
        for text in itertools.product(range(3), repeat=len(taken)):
            scores = [run.scores[label] for run, label in zip(taken, text, strict=True)]
            readings.append((sum(scores), text))
    for length in (None, 1, 2, 3, 4):
        best = max(each for each in readings if length in (None, len(each[1])))
        chosen = find_best(list(runs.values()), 4, length)
        text = tuple(int(run.scores.argmax()) for run in chosen)
        assert text == best[1]
        assert sum(run.score for run in chosen) == pytest.approx(best[0])
        every, alike, same = sum_readings(list(runs.values()), chosen)
        assert np.exp(every) == pytest.approx(sum(np.exp(score) for score, _ in readings))
        many = [np.exp(score) for score, other in readings if len(other) == len(text)]
        assert np.exp(alike) == pytest.approx(sum(many))
        read_so = [np.exp(score) for score, other in readings if other == text]
        assert np.exp(same) == pytest.approx(sum(read_so))


def test_the_ground_of_a_scan_is_no_ink() -> None:
    rows, columns = np.indices((60, 200))
    page = 120 + 100 * columns / 200 + 30 * rows / 60
    page[20:40, 90:95] -= 70
    ink = find_ink(page[:, :, None].astype(np.uint8))
    assert ink.dark
    assert ink.mask[20:40, 90:95].mean() == 1
    assert ink.mask.sum() <= 110


def test_a_torch_module_reads_too() -> None:
    text = "input 3x32x32 classes=10 > gap > flatten > fc"
    model = Classifier(build(text), text, tuple("0123456789"), Preprocess(3, 32, 32))
    (line,) = read_lines(model, [draw_text("123")])
    assert isinstance(line, LineReading)
    assert len(line.glyphs) == 3
