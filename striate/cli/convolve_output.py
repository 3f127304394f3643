"""Where the results of striate convolve go: the screen, JSON, a PNG file, a page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from striate.errors import SettingError
from striate.terminal.wrapping import wrap

if TYPE_CHECKING:
    import numpy as np

    from striate.cli.convolve_then import Written
    from striate.teaching.convolution import (
        ConvolutionMatrix,
        FeatureMap,
        ImageNumbers,
        Loops,
        Pooled,
        Unrolled,
    )
    from striate.teaching.worked_path import WorkedPath


ENDINGS = {".png", ".html"}


@dataclass(frozen=True)
class Answer:
    """All that one call found; None is what was not asked for.

    Attributes:
        numbers: the image as its matrices.
        result: what the filter made.
        pooled: that pooled.
        path: what the network made of it.
        loops: each layer as loops.
        unrolled: the filter as a product of matrices.
        matrix: the first convolution as one matrix.
        value: the arithmetic of one value.
    """

    numbers: ImageNumbers | None = None
    result: FeatureMap | None = None
    pooled: Pooled | None = None
    path: WorkedPath | None = None
    loops: tuple[Loops, ...] = ()
    unrolled: Unrolled | None = None
    matrix: ConvolutionMatrix | None = None
    value: Written | None = None

    def as_text(self, width: int) -> str:
        """Write all of it for people, in lines of at most a width."""
        parts = [] if self.numbers is None else [self.numbers.as_text(width=width)]
        if self.path is not None:
            parts.append(self.path.as_text(width=width))
        elif self.result is not None:
            pooled = "" if self.pooled is None else f"\n{self.pooled.as_text(width=width)}"
            parts.append(self.result.as_text(width=width) + pooled)
        if self.unrolled is not None:
            parts.append(wrap(str(self.unrolled), width))
        if self.matrix is not None:
            parts.append(self.matrix.as_text(width=width))
        parts += [wrap(str(each), width) for each in self.loops]
        if self.value is not None:
            parts.append(wrap(str(self.value), width))
        return "\n\n".join(parts)

    def as_json(self) -> dict[str, object]:
        """Return all of it as plain values."""
        mapped: dict[str, object] = {"map": None} if self.result is None else self.result.as_json()
        return mapped | {
            "pooled": self.pooled and self.pooled.as_json(),
            "at": self.value and self.value.as_json(),
            "matrix": self.unrolled and self.unrolled.as_json(),
            "convolution_matrix": self.matrix and self.matrix.as_json(),
            "loops": [each.as_json() for each in self.loops] or None,
            "numbers": self.numbers and self.numbers.as_json(),
            "path": self.path and self.path.as_json(),
        }


def check_out(out: Path | None, image: str) -> None:
    """Make sure before the work that the result can be written, and not over the image."""
    if out is None:
        return
    from striate.render.animation import check_animation, is_animation

    if is_animation(out):
        check_animation(out, "--out")
    elif out.suffix.lower() not in ENDINGS:
        raise SettingError(
            f"--out is '{out}'; expected a name that ends in .png for an image, in .html for a "
            "page with every number, or in .gif, .webp or .mp4 for an animation"
        )
    if out.is_dir():
        raise SettingError(f"--out is '{out}', which is a folder; give a file's name")
    if out.exists() and Path(image).exists() and out.samefile(image):
        raise SettingError(f"--out is '{out}', the image itself; give another name")


def choose_view(view: str, answer: Answer) -> str:
    """Settle what ``auto`` stands for: an image where the filter makes one of pixels."""
    if view not in ("auto", "map", "image", "matrix"):
        raise SettingError(f"--view is '{view}'; expected auto, map, image or matrix")
    if view == "matrix" and answer.matrix is None:
        raise SettingError(
            "--view matrix draws the matrix of a convolution; give --as-matrix with a filter over "
            "one grey image, or with a convolution in --then"
        )
    if view != "auto" or answer.result is None:
        return view
    result = answer.result
    pixels = result.planes.dtype.kind == "u" and result.filter.keeps_brightness
    return "image" if pixels and (result.channels != "sum") else "map"


def write(out: Path, answer: Answer, *, view: str, command: str) -> str:
    """Write a PNG file, a page or an animation; gives what there is to say of it."""
    from striate.files.atomic_write import write_atomically
    from striate.render.animation import is_animation

    if is_animation(out):
        return animate(out, answer)
    if out.suffix.lower() == ".html":
        data, said = make_page(answer, command), f"wrote {out}: a page with every number"
    elif view == "matrix" and answer.matrix is not None:
        from striate.teaching.convolution.matrix_picture import draw_matrix_picture

        data = draw_matrix_picture(answer.matrix)
        said = f"wrote {out}: the matrix beside im2col"
    elif answer.result is not None:
        data, said = draw_result(answer.result, answer.pooled, view=view)
        said = f"wrote {out}: {said}"
    else:
        raise SettingError(
            f"--out is '{out}', but an image is drawn of a filter's map alone; give --filter, or a "
            "name that ends in .html for a page"
        )
    made = "" if out.parent.exists() else f"made the folder {out.parent}\n"
    with write_atomically(out) as partial:
        partial.write_bytes(data)
    return made + said


def animate(out: Path, answer: Answer) -> str:
    """Write how the result comes about as an animation; gives what there is to say of it."""
    from striate.render.animation import write_animation

    if answer.path is not None:
        from striate.teaching.worked_path.walk_scenes import animate_path

        frames = animate_path(answer.path)
    elif answer.result is not None:
        from striate.teaching.convolution.sliding_scenes import animate as animate_sliding

        frames = animate_sliding(answer.result, answer.pooled)
    else:
        raise SettingError(
            "an animation shows a filter or a network at work; give --filter or --then"
        )
    made = "" if out.parent.exists() else f"made the folder {out.parent}\n"
    return made + str(write_animation(out, frames))


def make_page(answer: Answer, command: str) -> bytes:
    """Make the page of a path."""
    if answer.path is None:
        raise SettingError("a page shows a filter or a network at work; give --filter or --then")
    return answer.path.as_page(command=command).encode("utf-8")


def draw_result(result: FeatureMap, pooled: Pooled | None, *, view: str) -> tuple[bytes, str]:
    """Draw a filter's map, or the image that it makes; gives what there is to say of it."""
    import numpy as np

    from striate import render

    last = result.map if pooled is None else pooled.map
    if view == "image":
        pixels = np.rint(last)
        np.clip(pixels, 0, 255, out=pixels)
        share = float(((last < 0) | (last > 255)).mean())
        said = "an image"
        said += f"; {100 * share:.2g} % of its values lay outside 0 to 255 and were cut" * (
            share > 0
        )
        return render.png(pixels.astype(np.uint8)), said
    name = result.filter.name or f"a filter of {'x'.join(map(str, result.filter.shape))}"
    maps = name_maps("feature map", result.map, result.names)
    if pooled is not None:
        maps |= name_maps(str(pooled.layer), pooled.map, result.names)
    return render.feature_map(maps, title=name), "the feature map with its scale"


def name_maps(what: str, values: np.ndarray, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Split a map into one for each channel, with a name for each."""
    if values.ndim == 2:
        return {what: values}
    return {f"{what}, {name}": values[:, :, place] for place, name in enumerate(names)}
