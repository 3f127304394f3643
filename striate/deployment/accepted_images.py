"""Golden images that a classifier with a reject rule accepts, made by activation maximisation.

What is drawn by a formula is strange to a good rule, which refuses it; so a proof of such images
alone would not see a class that is answered. These begin as noise from a recorded seed and climb
the gradient until the classifier is sure of a class and finds nothing strange in them. They hold
nothing of any image that it learnt from.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from striate.architecture.layer_table.feature_layer import find_feature_layer
from striate.backends.onnx import Trained
from striate.deployment.golden_images import GoldenImage
from striate.errors import NotationError, SettingError
from striate.events import Callback
from striate.model.classifier import Classifier
from striate.model.decision import FeatureDistance
from striate.terminal.progress import ProgressReporter

if TYPE_CHECKING:
    from torch import Tensor, nn

COUNT, EACH = 4, 2  # of all, and of a class
CLASSES: Final = 6  # that are tried
STEPS: Final = 160  # of gradient ascent at most
LOOK: Final = 5  # steps after which it is seen whether the finished images are accepted
RATE: Final = 0.1  # of Adam
FINEST: Final = 64  # pixels each way at most: small files, which the classifier enlarges
MARGIN: Final = 0.2  # of what is left above the least probability
SAFE: Final = 0.8  # of the rule's limit, which the distance is driven below


def make_accepted_images(
    classifier: Classifier, network: Trained, seed: int, callback: Callback
) -> list[GoldenImage]:
    """Make images that a classifier accepts: four, of two classes, where that can be.

    Where a class is never sure enough, a node of the taxonomy above it may be answered.

    Args:
        classifier: with a rule by which it refuses.
        network: its network, in the notation.
        seed: of the noise; the class's number is added.
        callback: is told the progress.

    Returns:
        As many as were accepted, encoded.
    """
    k = len(classifier.classes)
    least = [classifier.decision.least_of(label, k) for label in range(k)]
    possible = [label for label in range(k) if np.isfinite(least[label]).any()]
    tried = sorted(possible, key=lambda label: not np.isfinite(least[label][0]))[:CLASSES]
    found: list[GoldenImage] = []
    report = ProgressReporter("making golden images", callback, unit="classes")
    for number, label in enumerate(tried):
        try:
            found += _climb(classifier, network, label, seed + label)
        except (RuntimeError, SettingError, NotationError):  # a frozen model has no gradient
            return found
        report(number + 1, len(tried))
        if len(found) >= COUNT:
            break
    report(len(tried), len(tried))
    return found[:COUNT]


def _climb(classifier: Classifier, network: Trained, label: int, seed: int) -> list[GoldenImage]:
    """Make images of one class, and return those that are accepted, encoded."""
    import torch
    from torch import nn

    from striate.backends.torch import normalize

    module, decision = network.module(), classifier.decision
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    heard = _listen(module, network)
    channels, rows, columns = classifier.preprocess.shape
    larger = [round(side * classifier.preprocess.crop_ratio) for side in (rows, columns)]
    top, left = (larger[0] - rows) // 2, (larger[1] - columns) // 2
    share = min(1.0, FINEST / max(larger))
    sides = [max(1, round(side * share)) for side in larger]
    generator = torch.Generator().manual_seed(seed)
    grid = torch.randn(EACH, channels, *sides, generator=generator).requires_grad_()
    optimiser = torch.optim.Adam([grid], lr=RATE)
    wanted = torch.full((EACH,), label)
    limit = decision.reject.distance if decision.reject else None
    accepted: list[GoldenImage] = []
    for step in range(STEPS):
        values = torch.sigmoid(grid)
        if step % LOOK == 0 and step:
            accepted = _accept(classifier, values, label=label, seed=seed, step=step)
            if len(accepted) == EACH:
                return accepted
        enlarged = nn.functional.interpolate(values, larger, mode="bilinear", align_corners=False)
        seen = enlarged[:, :, top : top + rows, left : left + columns]
        logits = module(normalize(seen * 255, classifier.preprocess))
        loss = nn.functional.cross_entropy(logits / decision.temperature, wanted)
        if decision.distance is not None and limit:
            far = _measure(decision.distance, heard[-1])
            loss = loss + (far / limit - SAFE).clamp(min=0).mean()
        heard.clear()
        optimiser.zero_grad()
        (grid.grad,) = torch.autograd.grad(loss, [grid])
        optimiser.step()
    return accepted


def _listen(module: nn.Module, network: Trained) -> list[Tensor]:
    """Return the list to which the features of each pass are added."""
    heard: list[Tensor] = []

    def hear(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        heard.append(given[0].flatten(2).mean(2) if given[0].dim() > 2 else given[0])

    layer = find_feature_layer(network.plan)
    if layer is not None:
        module.get_submodule(layer.address).register_forward_pre_hook(hear)
    return heard


def _measure(distance: FeatureDistance, features: Tensor) -> Tensor:
    """Return `FeatureDistance.measure` with a gradient: (n,)."""
    import torch

    arrays = distance.as_tensors()
    center, axes, whitening, means = (
        torch.from_numpy(arrays[name]) for name in ("center", "axes", "whitening", "means")
    )
    offsets = features / features.norm(dim=1, keepdim=True).clamp(min=1e-12) - center
    along = offsets @ axes
    across = (offsets.square().sum(1) - along.square().sum(1)).clamp(min=0)
    apart = (along @ whitening)[:, None] - means
    nearest: Tensor = apart.square().sum(2).amin(1) + distance.residual_scale * across
    # at 0 the slope of a square root has no end
    activity = features.abs().clamp(min=1e-6).sqrt().mean(1)
    return torch.maximum(nearest, distance.activity_scale * (distance.usual_activity - activity))


def _accept(
    classifier: Classifier, values: Tensor, *, label: int, seed: int, step: int
) -> list[GoldenImage]:
    """Return those of the images that are accepted once they are files."""
    finished = (values.detach() * 255).round().byte().permute(0, 2, 3, 1).numpy()
    images = [
        GoldenImage(
            name=f"made for class {label}, number {number + 1}",
            rows=pixels.shape[0],
            columns=pixels.shape[1],
            seed=seed,
            content=_encode(pixels),
            made=f"activation maximisation, {step} steps",
        )
        for number, pixels in enumerate(finished)
    ]
    read = [classifier.preprocess.pixels(image.content or b"") for image in images]
    said = classifier.decide(np.stack(read))
    least = np.array(classifier.decision.least_of(label, len(classifier.classes)))
    # a little above the least, so that another decoder does not change it
    enough = 1 - (1 - least) * (1 - MARGIN)
    meant = (said.best == label) & ~said.refused & (said.node_probability > enough[said.level])
    return [image for image, accepted in zip(images, meant, strict=True) if accepted]


def _encode(values: np.ndarray) -> bytes:
    written = io.BytesIO()
    Image.fromarray(values if values.shape[2] == 3 else values[..., 0]).save(written, "PNG")
    return written.getvalue()
