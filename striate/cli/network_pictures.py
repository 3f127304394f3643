"""What `striate explain` draws of a network without an image: its filters, its run's film."""

from __future__ import annotations

from pathlib import Path

from striate.errors import RunError, SettingError


def check_pictures(filters: Path | None, film: Path | None) -> None:
    """Make sure, before the work, that the files can be written.

    Raises:
        SettingError: one cannot.
    """
    from striate.render.animation import check_animation

    if film is not None:
        check_animation(film, "--film")
    if filters is not None and (filters.suffix.lower() != ".png" or filters.is_dir()):
        raise SettingError(f"--filters is '{filters}'; expected the name of a file, ending in .png")


def draw_pictures(
    model: Path, filters: Path | None, film: Path | None
) -> tuple[list[str], dict[str, str]]:
    """Write the pictures that are asked for; return what to say of them, and their paths.

    Args:
        model: a classifier's file, or the folder of its run.
        filters: where the weights of the first, middle and last convolution go.
        film: where the film of the run goes.

    Raises:
        RunError: there is no such model, or the run has no film.
        SettingError: the network has no convolution.
    """
    if not model.exists():
        raise RunError(f"'{model}' is neither a classifier's file nor the folder of a run")
    said, paths = [], {}
    if film is not None:
        from striate.explanation.film import read_film
        from striate.explanation.film_drawing import MOST, animate_film
        from striate.render.animation import write_animation

        run = model if model.is_dir() else model.parent
        found = read_film(run, most=MOST)
        if found is None:
            raise RunError(
                f"'{model}' has no film; `striate train DATA --film IMAGE` makes one: filters and "
                "feature maps after each epoch"
            )
        said.append(str(write_animation(film, animate_film(found), option="--film")))
        paths["film"] = str(film)
    if filters is not None:
        from striate.explanation import filters as filters_of
        from striate.explanation.weights_drawing import draw_side_by_side
        from striate.files.atomic_write import write_atomically
        from striate.render import png

        name = model.stem if model.name != "classifier.safetensors" else model.resolve().parent.name
        title = f"{name}: weights of the first, middle and last convolution"
        data = png(draw_side_by_side(filters_of(model), title=title))
        with write_atomically(filters) as partial:
            partial.write_bytes(data)
        said.append(f"wrote {filters}: {title.partition(': ')[2]}")
        paths["filters"] = str(filters)
    return said, paths
