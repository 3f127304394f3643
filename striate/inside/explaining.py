"""Where a picture speaks for a class: `explain`, by one of eight methods."""

from __future__ import annotations

from typing import Final

import torch

from striate.classifier import Classifier
from striate.errors import SettingError
from striate.events import Watch, ignore
from striate.inside.aim import Aim, Wanted, aim_at
from striate.inside.cam import BY_GRADIENT, exact, maps_and_gradient
from striate.inside.ending import Ending, chosen, ending
from striate.inside.explanation import Explanation
from striate.inside.hooks import record
from striate.inside.perturbing import Asking, integrated_gradients, occlusion, smooth_gradients
from striate.inside.subject import Subject
from striate.pictures.reading import Source
from striate.tempo import Tempo

METHODS: Final = (
    "cam",
    *BY_GRADIENT,
    "occlusion",
    "integrated-gradients",
    "smooth-gradients",
)
USUAL = Asking()


def explain(
    model: Classifier,
    source: Source | Subject,
    *,
    of: Wanted | tuple[Wanted, Wanted] = None,
    method: str = "auto",
    layer: str | None = None,
    asking: Asking = USUAL,
    watch: Watch = ignore,
) -> Explanation:
    """Say where a picture speaks for a class.

    Args:
        model: the classifier; its own preprocessing is used.
        source: whatever `Classifier.predict` takes.
        of: a class by name or place; None takes the most probable. Two of them ask for the first
            rather than the second, whose score is taken off.
        method: "cam", "grad-cam", "hires-cam", "grad-cam++", "layer-cam", "occlusion",
            "integrated-gradients", "smooth-gradients"; "auto" takes the exact class activation
            map where there is one, else Grad-CAM.
        layer: whose maps are taken; None takes the last layer with positions. The last three
            methods ask about the picture itself and take none.
        asking: settings of these.
        watch: is told the progress of occlusion.

    Raises:
        PictureError: the picture cannot be read.
        SettingError: there is no such method, class or layer, or it does not fit the network.

    >>> import numpy as np
    >>> from striate.network import build
    >>> from striate.pictures import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 3 > relu > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 8, 8))
    >>> found = explain(model, np.full((8, 8), 200, np.uint8), of="light")
    >>> found.method, found.layer, found.native.shape
    ('cam', 'relu1', (8, 8))
    >>> print(f"{abs(found.native.mean() + found.facts['bias'] - found.score):.4f}")
    0.0000
    """
    if method not in ("auto", *METHODS):
        raise SettingError(f"method '{method}': expected auto, {', '.join(METHODS)}")
    subject = source if isinstance(source, Subject) else Subject.of(model, source)
    module = model.network
    logits = record(module, subject.values, []).output
    wanted, against = of if isinstance(of, tuple) else (of, None)
    aim = aim_at(model, wanted, against, logits=logits[0].float().cpu().numpy())
    end = None
    if method in ("auto", "cam") and layer is None:
        end = ending(module, subject.values)
    if method == "auto":
        method = "grad-cam" if end is None or not (end.own or end.weight is not None) else "cam"
    if method == "cam":
        native, rule, address, facts = _cam(model, subject, aim, end, layer)
    elif method in BY_GRADIENT:
        address, rule = chosen(module, subject.values, layer)
        maps, gradient, _ = maps_and_gradient(module, subject.values, address, aim)
        native, facts = BY_GRADIENT[method](maps[0], gradient[0]), {}
    else:
        if layer is not None:
            raise SettingError(f"{method} asks about the picture itself; leave the layer out")
        native, facts = _asked(method, model, subject, aim, asking=asking, watch=watch)
        address, rule = "", "the picture itself is changed; 0, the mean picture, stands for nothing"
    odds = torch.softmax(logits[0].float() / model.temperature, 0)
    return Explanation(
        method=method,
        of=aim.words,
        layer=address,
        rule=rule,
        native=native.float().cpu().numpy(),
        score=float(aim.score(logits)),
        probability=float(odds[aim.place]),
        subject=subject,
        facts=facts,
        place=aim.place,
        against=aim.against,
    )


def _cam(
    model: Classifier, subject: Subject, aim: Aim, end: Ending | None, layer: str | None
) -> tuple[torch.Tensor, str, str, dict[str, float]]:
    """Give the exact map, or refuse."""
    if end is None:
        end = ending(model.network, subject.values)
        asked, _ = chosen(model.network, subject.values, layer)
        if asked != end.layer:
            raise SettingError(
                f"cam is exact at '{end.layer}' alone, the last layer with positions; for "
                f"'{asked}' expected grad-cam, hires-cam, grad-cam++ or layer-cam"
            )
    call = record(model.network, subject.values, [end.layer])[end.layer]
    native, bias = exact(call.output[0].float(), end, aim)
    return native, end.rule, end.layer, {"bias": bias, "mean": float(native.mean())}


def _asked(
    method: str,
    model: Classifier,
    subject: Subject,
    aim: Aim,
    *,
    asking: Asking,
    watch: Watch,
) -> tuple[torch.Tensor, dict[str, float]]:
    if method == "occlusion":
        told = Tempo("covering", watch, unit="patches")
        return occlusion(model.network, subject.values, aim, asking=asking, progress=told)
    if method == "integrated-gradients":
        return integrated_gradients(model.network, subject.values, aim, asking=asking)
    return smooth_gradients(model.network, subject.values, aim, asking=asking)
