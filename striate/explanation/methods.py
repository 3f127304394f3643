"""Where an image speaks for a class: `explain`, by one of eight methods."""

from __future__ import annotations

from typing import Final

import torch

from striate.data.images.decoding import Source
from striate.errors import SettingError
from striate.events import Callback, ignore
from striate.explanation.cam import BY_GRADIENT, exact
from striate.explanation.explanation import Explanation
from striate.explanation.hooks import Recording, gradients_of, record
from striate.explanation.last_spatial_layer import chosen, ending_of
from striate.explanation.perturbation import (
    Asking,
    integrated_gradients,
    occlusion,
    smooth_gradients,
)
from striate.explanation.subject import Subject
from striate.explanation.target import Aim, Wanted, aim_at
from striate.model.classifier import Classifier
from striate.terminal.progress import ProgressReporter

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
    callback: Callback = ignore,
) -> Explanation:
    """Say where an image speaks for a class.

    Args:
        model: the classifier; its own preprocessing is used.
        source: whatever `Classifier.predict` takes.
        of: a class by name or place; None takes the most probable. Two of them ask for the first
            rather than the second, whose score is taken off.
        method: "cam", "grad-cam", "hires-cam", "grad-cam++", "layer-cam", "occlusion",
            "integrated-gradients", "smooth-gradients"; "auto" takes the exact class activation
            map where there is one, else Grad-CAM.
        layer: whose maps are taken; None takes the last layer with positions. The last three
            methods ask about the image itself and take none.
        asking: settings of these.
        callback: is told the progress of occlusion.

    Raises:
        ImageError: the image cannot be read.
        SettingError: there is no such method, class or layer, or it does not fit the network.

    >>> import numpy as np
    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
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
    inner = method in ("auto", "cam", *BY_GRADIENT)
    if not inner and layer is not None:
        raise SettingError(f"{method} asks about the image itself; leave the layer out")
    passed = _passed(model, subject, method, layer)
    logits = passed.output.detach()
    wanted, against = of if isinstance(of, tuple) else (of, None)
    aim = aim_at(model, wanted, against, logits=logits[0].float().cpu().numpy())
    if inner:
        method, native, rule, address, facts = _inner(passed, aim, method, layer)
    else:
        native, facts = _asked(method, model, subject, aim, asking=asking, callback=callback)
        address, rule = "", "the image itself is changed; 0, the mean image, stands for nothing"
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


def _passed(model: Classifier, subject: Subject, method: str, layer: str | None) -> Recording:
    """Let the image pass once, with what the method needs recorded."""
    module, values = model.module, subject.values
    if method not in ("auto", "cam", *BY_GRADIENT):
        return record(module, values, [])
    if layer is None:
        return record(module, values, gradients=method != "cam")
    address, _ = chosen(module, values, layer)
    if method != "cam":
        return record(module, values, [address], gradients=True)
    passed = record(module, values)
    end = ending_of(passed)
    if end.layer != address:
        raise SettingError(
            f"cam is exact at '{end.layer}' alone, the last layer with positions; for "
            f"'{address}' expected grad-cam, hires-cam, grad-cam++ or layer-cam"
        )
    return passed


def _inner(
    passed: Recording, aim: Aim, method: str, layer: str | None
) -> tuple[str, torch.Tensor, str, str, dict[str, float]]:
    """Explain by the maps of a layer: (method, map, rule, layer, facts)."""
    if layer is not None and method != "cam":
        call, rule, end = passed.calls[-1], "as asked for", None
    else:
        end = ending_of(passed)
        call, rule = passed[end.layer], end.rule
    if method == "auto":
        method = "grad-cam" if end is None or not (end.own or end.weight is not None) else "cam"
    if method == "cam" and end is not None:
        native, bias = exact(call.output[0].detach().float(), end, aim)
        return method, native, rule, call.address, {"bias": bias, "mean": float(native.mean())}
    (gradient,) = gradients_of(aim.score(passed.output), [call.output])
    native = BY_GRADIENT[method](call.output[0].detach().float(), gradient[0].float())
    return method, native, rule, call.address, {}


def _asked(
    method: str,
    model: Classifier,
    subject: Subject,
    aim: Aim,
    *,
    asking: Asking,
    callback: Callback,
) -> tuple[torch.Tensor, dict[str, float]]:
    if method == "occlusion":
        told = ProgressReporter("covering", callback, unit="patches")
        return occlusion(model.module, subject.values, aim, asking=asking, progress=told)
    if method == "integrated-gradients":
        return integrated_gradients(model.module, subject.values, aim, asking=asking)
    return smooth_gradients(model.module, subject.values, aim, asking=asking)
