"""Where an image speaks for a class: `explain`, by one of eleven attribution methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch

from striate.architecture.notation import Leaf
from striate.backends.onnx import Trained
from striate.errors import SettingError
from striate.explanation.backward_rules import BACKWARD_METHODS, go_back
from striate.explanation.explanation import Explanation
from striate.explanation.grad_cam import GRADIENT_METHODS, class_activation_map
from striate.explanation.hooks import LayerCall, Recording, gradients_of, record
from striate.explanation.last_spatial_layer import last_spatial_layer_of, resolve_layer
from striate.explanation.perturbation import (
    PerturbationSettings,
    integrated_gradients,
    occlusion,
    smoothgrad,
)
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.target import Target, TargetClass, resolve_target
from striate.model.classifier import Classifier
from striate.model.classifier_like import ClassifierLike, open_classifier

if TYPE_CHECKING:
    from striate.model.image_input import ImageInput

METHODS: Final = (
    "cam",
    *GRADIENT_METHODS,
    "occlusion",
    "integrated-gradients",
    "smoothgrad",
    *BACKWARD_METHODS,
)
USUAL = PerturbationSettings()


def explain(
    model: ClassifierLike,
    image: ImageInput | PreprocessedImage,
    *,
    target: TargetClass = None,
    against: TargetClass = None,
    method: str = "auto",
    layer: str | None = None,
    settings: PerturbationSettings = USUAL,
) -> Explanation:
    """Compute where an image speaks for a class.

    Args:
        model: a classifier, its file, its run's folder, or what `train` returned.
        image: whatever `Classifier.predict` takes.
        target: the class that is explained, by name or index; None takes the most probable.
        against: another class, whose logit is taken off: why the one rather than the other.
        method: "cam", "grad-cam", "hires-cam", "grad-cam++", "layer-cam", "occlusion",
            "integrated-gradients", "smoothgrad", "gradient", "deconvolution", "guided-backprop";
            "auto" takes the exact class activation map where there is one, else Grad-CAM;
            occlusion for an ONNX model, which has no maps. The last two hardly depend on the
            class or the weights (their facts tell how much): `class_views` shows it.
        layer: whose maps are taken; None takes the last spatial layer. From occlusion on the
            methods ask about the image itself and take none.
        settings: of occlusion, integrated gradients and smooth gradients.

    Raises:
        ClassifierError: the classifier cannot be opened.
        ImageError: the image cannot be read.
        SettingError: there is no such method, class or layer, or it does not fit the network.

    >>> import numpy as np
    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> text = "input 1x8x8 classes=2 > conv 3 > relu > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 8, 8))
    >>> found = explain(model, np.full((8, 8), 200, np.uint8), target="light")
    >>> found.method, found.layer, found.attribution.shape
    ('cam', 'relu1', (8, 8))
    >>> print(f"{abs(found.attribution.mean() + found.facts['bias'] - found.score):.4f}")
    0.0000
    """
    model = open_classifier(model)
    if method not in ("auto", *METHODS):
        raise SettingError(f"method '{method}': expected auto, {', '.join(METHODS)}")
    image = PreprocessedImage.read(model, image)
    if method == "auto" and _is_opaque(model):
        method = "occlusion"
    inner = method in ("auto", "cam", *GRADIENT_METHODS)
    if not inner and layer is not None:
        raise SettingError(f"{method} asks about the image itself; leave the layer out")
    passed = _passed(model, image, method, layer)
    logits = passed.output.detach()
    chosen = resolve_target(model, target, against, logits=logits[0].float().cpu().numpy())
    if inner:
        method, native, rule, call, facts = _inner(passed, chosen, method, layer)
        address, centers = call.name, call.centers
        if centers is not None and centers.spread:
            facts["branches' centres differ by"] = centers.spread
    else:
        native, facts, rule = _of_pixels(method, model, image, chosen, settings)
        address, centers = "", None
    odds = torch.softmax(logits[0].float() / model.temperature, 0)
    return Explanation(
        method=method,
        target=chosen.name,
        layer=address,
        rule=rule,
        attribution=native.float().cpu().numpy(),
        score=float(chosen.score(logits)),
        probability=float(odds[chosen.index]),
        image=image,
        facts=facts,
        target_index=chosen.index,
        against_index=chosen.against,
        centers=centers,
    )


def _is_opaque(model: Classifier) -> bool:
    """Say whether no maps and no gradients are to be had of a network, as of an ONNX model."""
    if not isinstance(model.network, Trained):
        return False
    leaves = (step for step in model.network.plan.layers() if isinstance(step, Leaf))
    return any(leaf.layer.opaque for leaf in leaves)


def _passed(
    model: Classifier, image: PreprocessedImage, method: str, layer: str | None
) -> Recording:
    """Let the image pass once, with what the method needs recorded."""
    module, values = model.module, image.tensor
    if method not in ("auto", "cam", *GRADIENT_METHODS):
        return record(module, values, [])
    if layer is None:
        return record(module, values, gradients=method != "cam")
    address, _ = resolve_layer(module, values, layer)
    if method != "cam":
        return record(module, values, [address], gradients=True)
    passed = record(module, values)
    end = last_spatial_layer_of(passed)
    if end.name != address:
        raise SettingError(
            f"cam is exact at '{end.name}' alone, the last spatial layer; for "
            f"'{address}' expected grad-cam, hires-cam, grad-cam++ or layer-cam"
        )
    return passed


def _inner(
    passed: Recording, target: Target, method: str, layer: str | None
) -> tuple[str, torch.Tensor, str, LayerCall, dict[str, float]]:
    """Explain by the maps of a layer: (method, map, rule, its call, facts)."""
    if layer is not None and method != "cam":
        call, rule, end = passed.calls[-1], "as asked for", None
    else:
        end = last_spatial_layer_of(passed)
        call, rule = passed[end.name], end.rule
    if method == "auto":
        method = (
            "grad-cam" if end is None or not (end.is_class_map or end.weight is not None) else "cam"
        )
    if method == "cam" and end is not None:
        native, bias = class_activation_map(call.output[0].detach().float(), end, target)
        return method, native, rule, call, {"bias": bias, "mean": float(native.mean())}
    (gradient,) = gradients_of(target.score(passed.output), [call.output])
    native = GRADIENT_METHODS[method](call.output[0].detach().float(), gradient[0].float())
    return method, native, rule, call, {}


def _of_pixels(
    method: str,
    model: Classifier,
    image: PreprocessedImage,
    target: Target,
    settings: PerturbationSettings,
) -> tuple[torch.Tensor, dict[str, float], str]:
    """Explain by the image itself: (map, facts, rule)."""
    if method in BACKWARD_METHODS:
        back = go_back(model.module, image.tensor, target, method=method)
        least = model.classes[back.least_index]
        rule = f"{back.words}; its size, added over the channels"
        return back.map, {f"cosine with the map of '{least}'": back.cosine}, rule
    native, facts = _perturbed(method, model, image, target, settings)
    return native, facts, "the image itself is changed; 0, the mean image, stands for nothing"


def _perturbed(
    method: str,
    model: Classifier,
    image: PreprocessedImage,
    target: Target,
    settings: PerturbationSettings,
) -> tuple[torch.Tensor, dict[str, float]]:
    if method == "occlusion":
        return occlusion(model.module, image.tensor, target, settings=settings)
    if method == "integrated-gradients":
        return integrated_gradients(model.module, image.tensor, target, settings=settings)
    return smoothgrad(model.module, image.tensor, target, settings=settings)
