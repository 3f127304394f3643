"""The trained network that a run starts from: found, read, cut, and made ready for pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from striate import weights, zoo
from striate.classifier import load
from striate.errors import SettingError
from striate.events import Watch
from striate.network import build
from striate.notation import Plan, expand
from striate.notation.suggestions import suggestion
from striate.pictures import Preprocess
from striate.settings import Settings
from striate.transfer.cut import body_of


@dataclass(frozen=True, eq=False)
class Body:
    """The part of a trained network that is kept.

    Attributes:
        plan: its layers, for the size of the pictures.
        tensors: its weights, by the addresses of the plan.
        preprocess: how pictures become its input: as it was trained, at the size asked for.
        words: where it comes from.
    """

    plan: Plan
    tensors: Mapping[str, torch.Tensor]
    preprocess: Preprocess
    words: str

    @property
    def features(self) -> int:
        """How many numbers it says of a picture."""
        return self.plan.output[0]

    def module(self) -> torch.nn.Module:
        """Build it, with its weights."""
        body = build(self.plan, seed=None)
        body.load_state_dict(dict(self.tensors))
        return body.eval()


def open_body(settings: Settings, *, say: Callable[[str], None], watch: Watch) -> Body:
    """Find the trained network that settings name, and cut it.

    Args:
        settings: body, weights, cut, size, fit and offline are used.
        say: is told what was taken.
        watch: is told the progress of a download.

    Raises:
        SettingError: there is no such body.
        WeightsError: its weights cannot be had, or do not fit.
        ClassifierError: the classifier's file cannot be used.
        NotationError: it cannot be cut there, or the size does not fit it.
    """
    name = str(settings.body).strip()
    if zoo.is_name(name):
        plan, tensors, preprocess, words = _from_zoo(name, settings, say=say, watch=watch)
    elif name.endswith(".safetensors") or Path(name).exists():
        if settings.weights is not None:
            raise SettingError(
                f"weights is '{settings.weights}', but the body '{name}' is a classifier, which "
                "has its own; leave --weights out"
            )
        plan, tensors, preprocess, words = _from_classifier(name)
    else:
        close = suggestion(name, [*zoo.names(), *weights.OFFICIAL])
        raise SettingError(
            f"there is no body '{name[:60]}'; "
            + (f"did you mean '{close}'? " if close else "")
            + "expected a network of `striate zoo` or the file or run of a classifier"
        )
    return _cut(plan, tensors, preprocess, settings, words=words)


Found = tuple[Plan, Mapping[str, torch.Tensor], Preprocess, str]


def _from_zoo(name: str, settings: Settings, *, say: Callable[[str], None], watch: Watch) -> Found:
    """Give a network of the zoo with its official weights, or those of a file."""
    plan = expand(zoo.text(name))
    module = build(plan, seed=None)
    given = settings.weights or "imagenet"
    if given == "imagenet":
        path = weights.fetch(name, offline=settings.offline, watch=watch)
        words = f"{name} with torchvision's ImageNet weights"
    else:
        path = Path(given).expanduser()
        words = f"{name} with the weights of {path.name}"
    fit = weights.fit(weights.read(path, watch=watch), module)
    for note in fit.notes:
        say(note)
    if name not in weights.OFFICIAL:
        raise SettingError(
            f"how '{name}' was shown its pictures is not known; make a classifier of its weights, "
            "which says it, by `striate import`, and give that: --from FILE.safetensors"
        )
    return plan, module.state_dict(), weights.official(name).preprocess, words


def _from_classifier(name: str) -> Found:
    """Give the network of a classifier."""
    model = load(name)
    if model.text is None:
        raise SettingError(f"the classifier '{name}' has no network text, so it cannot be cut")
    words = f"the classifier {Path(name).name} of {len(model.classes)} classes"
    return expand(model.text), model.network.state_dict(), model.preprocess, words


def _cut(
    plan: Plan,
    tensors: Mapping[str, torch.Tensor],
    preprocess: Preprocess,
    settings: Settings,
    *,
    words: str,
) -> Body:
    """Keep the body for the size of picture that is asked for."""
    rows, columns = settings.rows_and_columns() or (preprocess.height, preprocess.width)
    fit = settings.fit or preprocess.fit
    sized = replace(
        preprocess,
        height=rows,
        width=columns,
        fit=fit,  # type: ignore[arg-type]  # checked by Settings
        zoom=preprocess.zoom if fit == "crop" else 1.0,
    )
    network = body_of(plan, settings.cut).with_input((preprocess.channels, rows, columns))
    body = expand(network)
    own = build(body, seed=None).state_dict()
    last = body.steps[-1].address
    return Body(
        plan=body,
        tensors={name: tensors[name] for name in own},
        preprocess=sized,
        words=f"{words}, up to {last}",
    )
