"""Explanations that ask the network about changed images.

occlusion             how far the score falls where a patch is covered. Zeiler and Fergus 2013,
                      https://arxiv.org/abs/1311.2901
integrated-gradients  the gradient along the way from a baseline to the image, times the way.
                      Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365
smoothgrad            the mean gradient of noisy copies. Smilkov et al. 2017,
                      https://arxiv.org/abs/1706.03825
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from striate.errors import SettingError
from striate.explanation.hooks import device_of, frozen, gradients_of, record
from striate.explanation.target import Target

# changed images that pass at once: of 32 what going back needs is 5 GB in EfficientNet-Lite0, and
# so slow to come by that each image takes three times as long
BATCH = 8
FIRST_STEPS = 32
MOST_STEPS = 27 * FIRST_STEPS
GAP = 0.01  # of the difference of the scores, which integrated gradients may miss


@dataclass(frozen=True)
class PerturbationSettings:
    """How a network is asked about changed images.

    Attributes:
        patch: pixels a side that occlusion covers; 0 takes an eighth of the input's shorter side.
        stride: pixels from patch to patch; 0 takes half a patch.
        steps: of integrated gradients; 0 takes 32 and three times as many again and again, until
            the sum misses the difference of the scores by at most 1 %, or there are 864.
        samples: noisy copies of smooth gradients.
        noise: their standard deviation, as a share of the image's range.
        seed: of the noise.
    """

    patch: int = 0
    stride: int = 0
    steps: int = 0
    samples: int = 32
    noise: float = 0.15
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("patch", "stride", "steps"):
            if getattr(self, name) < 0:
                raise SettingError(f"{name} {getattr(self, name)}: expected 0 (chosen) or more")
        if self.samples < 1:
            raise SettingError(f"samples {self.samples}: expected 1 or more")
        if not 0 < self.noise < 10:
            raise SettingError(f"noise {self.noise}: expected a share such as 0.15")


def occlusion(
    module: nn.Module,
    values: Tensor,
    target: Target,
    *,
    settings: PerturbationSettings,
) -> tuple[Tensor, dict[str, float]]:
    """Compute occlusion: the image is covered patch by patch with 0, the mean of all images.

    A place that several patches cover gets the mean of what they say.

    Args:
        module: the network.
        values: float (1, channels, rows, columns), normalised.
        target: which class, or which against which.
        settings: patch and stride.

    Returns:
        float32 (rows, columns): how far the score falls; and the patch and the stride.

    Raises:
        SettingError: the patch is larger than the image.
    """
    rows, columns = values.shape[2:]
    patch = settings.patch or max(1, min(rows, columns) // 8)
    stride = settings.stride or max(1, patch // 2)
    if patch > min(rows, columns):
        raise SettingError(f"a patch of {patch} pixels on an input of {rows}x{columns}: too large")
    places = [
        (top, left)
        for top in _starts(rows, patch, stride)
        for left in _starts(columns, patch, stride)
    ]
    values = values.detach().to(device_of(module))
    falls = torch.zeros(rows, columns)
    counts = torch.zeros(rows, columns)
    with frozen(module), torch.inference_mode():
        whole = float(target.score(module(values)))
        for start in range(0, len(places), BATCH):
            group = places[start : start + BATCH]
            covered = values.repeat(len(group), 1, 1, 1)
            for number, (top, left) in enumerate(group):
                covered[number, :, top : top + patch, left : left + patch] = 0
            scores = target.score(module(covered)).tolist()
            for (top, left), score in zip(group, scores, strict=True):
                falls[top : top + patch, left : left + patch] += whole - score
                counts[top : top + patch, left : left + patch] += 1
    return falls / counts, {"patch": patch, "stride": stride}


def integrated_gradients(
    module: nn.Module, values: Tensor, target: Target, *, settings: PerturbationSettings
) -> tuple[Tensor, dict[str, float]]:
    """Compute integrated gradients: added up on the straight way from 0, the mean image.

    The middles of equal steps are taken; of three times as many steps every third is one of those
    before. The sum over all numbers is the score of the image less that of the baseline, but for
    the gap that is given.

    Returns:
        float32 (rows, columns), channels added; and steps, baseline score and gap.
    """
    values = values.detach().to(device_of(module))
    with frozen(module), torch.inference_mode():
        both = target.score(module(torch.cat([torch.zeros_like(values), values])))
    wanted = float(both[1] - both[0])
    steps = settings.steps or FIRST_STEPS
    shares = (torch.arange(steps, device=values.device) + 0.5) / steps
    total = torch.zeros_like(values[0])
    while True:
        for group in torch.split(shares, BATCH):
            points = group.view(-1, 1, 1, 1) * values
            passed = record(module, points, [], gradients=True)
            (gradient,) = gradients_of(target.score(passed.output), [passed.input])
            total += gradient.sum(0)
        found = (total / steps * values[0]).float()
        gap = float(found.sum()) - wanted
        if settings.steps or abs(gap) <= GAP * abs(wanted) or steps >= MOST_STEPS:
            facts = {"steps": steps, "score of the baseline": float(both[0]), "gap": gap}
            return found.sum(0).cpu(), facts
        steps *= 3
        middles = (torch.arange(steps, device=values.device) + 0.5) / steps
        shares = middles.view(-1, 3)[:, ::2].flatten()  # without those before


def smoothgrad(
    module: nn.Module, values: Tensor, target: Target, *, settings: PerturbationSettings
) -> tuple[Tensor, dict[str, float]]:
    """Return the mean gradient of noisy copies, its size added over the channels.

    Returns:
        float32 (rows, columns), never below 0; and the samples and the noise.
    """
    values = values.detach().to(device_of(module))
    spread = settings.noise * float(values.max() - values.min())
    generator = torch.Generator().manual_seed(settings.seed)
    total = torch.zeros_like(values[0])
    drawn = torch.randn((settings.samples, *values.shape[1:]), generator=generator)
    for noise in torch.split(drawn, BATCH):
        changed = values + noise.to(values) * spread
        passed = record(module, changed, [], gradients=True)
        (gradient,) = gradients_of(target.score(passed.output), [passed.input])
        total += gradient.sum(0)
    found = (total / settings.samples).abs().sum(0).float()
    return found.cpu(), {"samples": settings.samples, "noise": spread}


def _starts(side: int, patch: int, stride: int) -> list[int]:
    """Where patches begin; the last one ends at the rim."""
    found = list(range(0, side - patch + 1, stride))
    return found if found[-1] == side - patch else [*found, side - patch]
