"""What a drawing of a network shows: the places where the shape changes, and what happens there.

Words that work value by value are told beside the layer before them. Where a network has more
layers than a drawing can hold, layers of one shape fall into one, then whole blocks do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from striate.architecture.notation import Block, ExpandedNetwork, Join, Leaf, Step
from striate.architecture.words import Cat, Conv, Fc, Flatten, Gap, Identity, Pair, Shape

MOST: Final = 24  # boxes that a drawing shows, where only joined branches are folded
LONGEST: Final = 8  # lines of a caption up to which different blocks of one shape are folded
FEW: Final = 16  # boxes that it shows of a longer one before whole blocks are folded
POOLS: Final = {"maxpool": "max pool", "avgpool": "average pool", "sumpool": "sum pool"}
BRIEF: Final = {"maxpool": "max", "avgpool": "avg", "sumpool": "sum"}


@dataclass(frozen=True)
class Work:
    """What leads to a volume: a caption's lines, and how often it happens in a row.

    Attributes:
        lines: of the caption.
        times: how often it happens in a row.
        channels: the fewest and the most that come out, where it happens several times.
    """

    lines: tuple[str, ...]
    times: int = 1
    channels: Pair | None = None

    @property
    def caption(self) -> tuple[str, ...]:
        """What is said of it, with how often and with the channels where they differ."""
        first, *others = self.lines
        times = f"{self.times} × " if self.times > 1 else ""
        low, high = self.channels or (0, 0)
        return (times + first, *others, *([f"{low} to {high} channels"] if low != high else []))

    def again(self, other: Work, channels: Pair) -> Work:
        """Give it and another of the same lines as one; channels are of those that say none."""
        ends = (self.channels or (channels[0],) * 2) + (other.channels or (channels[1],) * 2)
        return Work(self.lines, self.times + other.times, (min(ends), max(ends)))


@dataclass(frozen=True)
class Stage:
    """One volume of the drawing.

    Attributes:
        kind: input, conv, pool, fc, flat or several.
        shape: what is there.
        works: what led to it.
        after: words that work value by value.
        window: rows and columns that one value was made from, to be drawn on the volume before.
        parts: the channels of the branches that were joined.
    """

    kind: str
    shape: Shape
    works: tuple[Work, ...] = ()
    after: tuple[str, ...] = ()
    window: Pair | None = None
    parts: tuple[int, ...] = ()

    @property
    def caption(self) -> tuple[str, ...]:
        """What is said under the volume."""
        lines: list[str] = []
        for number, work in enumerate(self.works):
            first, *others = work.caption
            lines += [("then " if number else "") + first, *others]
        return (*lines, *((", ".join(dict.fromkeys(self.after)),) if self.after else ()))


def stages(plan: ExpandedNetwork) -> tuple[Stage, ...]:
    """Say what a drawing of a network shows, the input first.

    >>> from striate.architecture.notation import expand
    >>> for stage in stages(expand("input 1x8x8 > conv 4 > bn > relu > maxpool 2")):
    ...     print(stage.kind, stage.shape, stage.caption)
    input (1, 8, 8) ('input',)
    conv (4, 8, 8) ('conv 3×3', 'bn, relu')
    pool (4, 4, 4) ('max pool', '2×2')
    """
    start = Stage("input", plan.input, (Work(("input",)),))
    every = _gathered([start, *_walk(plan.steps, whole=False)])
    full = _folded(every, _same_joins)
    if len(full) <= MOST:
        return tuple(full)
    equal = _folded(every, _same_shape)
    blocks = _gathered([start, *_walk(plan.steps, whole=True)])
    whole = _folded(_folded(blocks, _same_shape), _same_work)
    return tuple(equal if len(equal) <= min(FEW, 2 * len(whole)) else whole)


def _walk(steps: Sequence[Step], *, whole: bool) -> Iterator[Stage | Leaf]:
    """Give stages, and the leaves that belong to the one before them."""
    for step in steps:
        if isinstance(step, Block):
            yield from _block(step, whole=whole)
        elif isinstance(step, Join):
            yield _joined(step)
        else:
            yield _single(step) or step


def _block(block: Block, *, whole: bool) -> Iterator[Stage | Leaf]:
    inner = list(_walk(block.steps, whole=whole))
    found = [one for one in inner if isinstance(one, Stage)]
    if len(found) == 1:
        works = tuple(_named(work, block.name) for work in found[0].works)
        named = replace(found[0], works=works) if found[0].kind == "several" else found[0]
        yield from (named if one is found[0] else one for one in inner)
    elif whole and len(found) > 1:
        work = Work((block.name, _chain(block.steps)))
        yield Stage("several", block.output, (work,))
    else:
        yield from inner


def _named(work: Work, name: str) -> Work:
    return replace(work, lines=(f"{name}: {work.lines[0]}", *work.lines[1:]))


def _joined(join: Join) -> Stage:
    branches = [_chain(branch) for branch in join.branches]
    parts = tuple(branch[-1].output[0] for branch in join.branches)
    return Stage(
        "several",
        join.output,
        (Work((join.layer.word, branches[0], *(f"| {branch}" for branch in branches[1:]))),),
        parts=parts if isinstance(join.layer, Cat) else (),
    )


def _chain(steps: Sequence[Step]) -> str:
    """Write what happens in a branch, words that work value by value left out where others are."""
    found: list[str] = []
    plain: list[str] = []
    for step in steps:
        if isinstance(step, Block):
            found.append(_chain(step.steps))
        elif isinstance(step, Join):
            found.append(f"({' | '.join(map(_chain, step.branches))})")
        elif text := _brief(step):
            found.append(text)
        elif not isinstance(step.layer, Identity):
            plain.append(step.layer.word)
    return ", ".join(text for text in found if text) or ", ".join(plain) or "identity"


def _brief(leaf: Leaf) -> str:
    """A layer with a window in a word: 3×3, max 2×2; empty for any other."""
    layer = leaf.layer
    if isinstance(layer, Conv):
        alone = layer.groups > 1 and layer.groups == leaf.input[0]
        return by(layer.kernel) + (" dw" if alone else "")
    if isinstance(layer, Fc):
        return f"fc {layer.units}"
    if isinstance(layer, Gap | Flatten):
        return layer.word
    name = BRIEF.get(layer.word, "")
    window = layer.window_on(leaf.input)
    return f"{name} {by(window.kernel if window else leaf.output[1:])}" if name else ""


def _single(leaf: Leaf) -> Stage | None:
    """The volume that a layer makes; None where it belongs to the one before."""
    layer, window = leaf.layer, leaf.layer.window_on(leaf.input)
    if isinstance(layer, Conv):
        lines = [f"conv {by(layer.kernel)}", *_options(layer, leaf.input)]
        extent = layer.window_on(leaf.input).extent
        return Stage("conv", leaf.output, (Work(tuple(lines)),), window=extent)
    if isinstance(layer, Fc):
        return Stage("fc", leaf.output, (Work(("fc",)),))
    if isinstance(layer, Gap):
        whole = (leaf.input[1], leaf.input[2])
        return Stage("pool", leaf.output, (Work(("global", "average")),), window=whole)
    if isinstance(layer, Flatten):
        return Stage("flat", leaf.output, (Work(("flatten",)),))
    name = POOLS.get(layer.word)
    if name is None and leaf.output == leaf.input:
        return None
    if name is None:  # a slice, which leaves channels out
        return Stage("several", leaf.output, (Work((layer.word,)),))
    if window is None:
        return Stage("pool", leaf.output, (Work((name, f"to {by(leaf.output[1:])}")),))
    stride = [f"stride {_step(window.stride)}"] if window.stride != window.kernel else []
    work = Work((name, by(window.kernel), *stride))
    return Stage("pool", leaf.output, (work,), window=window.extent)


def _options(layer: Conv, shape: Shape) -> Iterator[str]:
    if layer.stride != (1, 1):
        yield f"stride {_step(layer.stride)}"
    if layer.dilation != (1, 1):
        yield f"dilation {_step(layer.dilation)}"
    if layer.groups > 1:
        yield "depthwise" if layer.groups == shape[0] else f"groups {layer.groups}"


def _gathered(found: Sequence[Stage | Leaf]) -> list[Stage]:
    """Give each leaf to the volume before it, and a flatten too where a drawing needs none."""
    done: list[Stage] = []
    for number, one in enumerate(found):
        if isinstance(one, Leaf):
            if not isinstance(one.layer, Identity):
                done[-1] = replace(done[-1], after=(*done[-1].after, one.layer.word))
        elif one.kind == "flat" and not _shows(one, done[-1], found[number + 1 :]):
            done[-1] = replace(done[-1], after=(*done[-1].after, "flatten"))
        else:
            done.append(one)
    return done


def _shows(flat: Stage, before: Stage, following: Sequence[Stage | Leaf]) -> bool:
    """Whether what is flattened is drawn: not before an fc, and not where one row came in."""
    later = next((one for one in following if isinstance(one, Stage)), None)
    same = before.shape[1:] == (1, 1) or before.shape == flat.shape
    return not same and (later is None or later.kind != "fc")


def _same_joins(first: Stage, second: Stage) -> bool:
    joins = first.kind == second.kind == "several" and first.shape == second.shape
    same_lines = first.works[-1].lines == second.works[0].lines
    return joins and (same_lines or len(first.caption + second.caption) <= LONGEST)


def _same_shape(first: Stage, second: Stage) -> bool:
    return first.shape == second.shape and first.kind != "input"


def _same_work(first: Stage, second: Stage) -> bool:
    same_maps = len(first.shape) == 3 and first.shape[1:] == second.shape[1:]
    same_lines = first.works[-1].lines == second.works[0].lines
    return same_maps and same_lines and first.kind != "input"


def _folded(found: Sequence[Stage], alike: Callable[[Stage, Stage], bool]) -> list[Stage]:
    """Make one of each run of stages that are alike."""
    done: list[Stage] = []
    for one in found:
        if done and alike(done[-1], one):
            before = done[-1]
            works = list(before.works)
            if works[-1].lines == one.works[0].lines:
                both = works[-1].again(one.works[0], (before.shape[0], one.shape[0]))
                works[-1:] = [both, *one.works[1:]]
            else:
                works += one.works
            kind = before.kind if before.kind == one.kind else "several"
            after = (*before.after, *one.after)
            done[-1] = Stage(kind, one.shape, tuple(works), after, before.window)
        else:
            done.append(one)
    return done


def by(sides: Shape) -> str:
    """Write a size for people: 3×3."""
    return "×".join(map(str, sides))


def _step(sides: Pair) -> str:
    """Write a stride or a dilation for people: 2, or 4×1."""
    return str(sides[0]) if sides[0] == sides[1] else by(sides)
