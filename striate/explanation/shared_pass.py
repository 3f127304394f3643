"""Several class activation maps and the split of the score, all from one pass of one image.

Where an image changes all the time, as under a brush, one pass forward and one back serve them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from striate.explanation.cell_centers import CellCenters
from striate.explanation.explanation import Explanation
from striate.explanation.grad_cam import GRADIENT_METHODS, class_activation_map
from striate.explanation.hooks import LayerCall, Recording, gradients_of, record
from striate.explanation.last_spatial_layer import LastSpatialLayer
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.score_decomposition import (
    ScoreDecomposition,
    is_exact,
    split_score,
)
from striate.explanation.target import Target
from striate.model.classifier import Classifier


@dataclass(frozen=True, eq=False)
class SharedPass:
    """One image in one network, recorded so that maps of any class can be asked of it.

    Attributes:
        model: the classifier.
        image: the image.
        passed: the pass, with the last spatial layer recorded.
        end: that layer, and whether a class map of it is exact.
        exact: whether the split of a score is, by `is_exact`.
        centers: where the cells of that layer look.

    >>> import numpy as np
    >>> from striate.backends.torch import build
    >>> from striate.data.images import Preprocess
    >>> from striate.explanation.last_spatial_layer import last_spatial_layer_of
    >>> text = "input 1x8x8 classes=2 > conv 3 > relu > gap > flatten > fc"
    >>> model = Classifier(build(text), text, ("dark", "light"), Preprocess(1, 8, 8))
    >>> seen = PreprocessedImage.read(model, np.full((8, 8), 200, np.uint8))
    >>> whole = record(model.module, seen.tensor)
    >>> found = SharedPass.of(model, seen, whole, last_spatial_layer_of(whole))
    >>> maps, split = found.explain(Target(1, 0, "light rather than dark"), ["cam", "hires-cam"])
    >>> [each.method for each in maps], split.layer
    (['cam', 'hires-cam'], 'relu1')
    """

    model: Classifier
    image: PreprocessedImage
    passed: Recording
    end: LastSpatialLayer
    exact: bool
    centers: CellCenters | None

    @staticmethod
    def of(
        model: Classifier, image: PreprocessedImage, whole: Recording, end: LastSpatialLayer
    ) -> SharedPass:
        """Let an image pass.

        Args:
            model: the classifier.
            image: the image.
            whole: another image's pass, every layer recorded: what is the same for all images is
                taken from it.
            end: the last spatial layer.
        """
        passed = record(model.module, image.tensor, [end.name], gradients=True, centered=False)
        exact, centers = is_exact(whole, end.name), whole[end.name].centers
        return SharedPass(model, image, passed, end, exact, centers)

    @property
    def call(self) -> LayerCall:
        """The last spatial layer's."""
        return self.passed[self.end.name]

    @property
    def logits(self) -> Tensor:
        """What the network answers: float (1, classes)."""
        return self.passed.output.detach()

    def explain(
        self, target: Target, methods: Sequence[str]
    ) -> tuple[tuple[Explanation, ...], ScoreDecomposition]:
        """Return the maps of a class by some methods, and the split of its score.

        Args:
            target: which class, or which against which.
            methods: "cam", or those of `GRADIENT_METHODS`.

        Raises:
            SettingError: no gradient arrives, or cam is not exact here.
        """
        call, logits = self.call, self.logits
        (gradient,) = gradients_of(target.score(self.passed.output), [call.output])
        maps, slopes = call.output[0].detach().float(), gradient[0].float()
        odds = torch.softmax(logits[0].float() / self.model.temperature, 0)
        found = []
        for method in methods:
            facts: dict[str, float] = {}
            if method == "cam":
                native, bias = class_activation_map(maps, self.end, target)
                facts = {"bias": bias, "mean": float(native.mean())}
            else:
                native = GRADIENT_METHODS[method](maps, slopes)
            found.append(
                Explanation(
                    method=method,
                    target=target.name,
                    layer=call.name,
                    rule=self.end.rule,
                    attribution=native.cpu().numpy(),
                    score=float(target.score(logits)),
                    probability=float(odds[target.index]),
                    image=self.image,
                    facts=facts,
                    target_index=target.index,
                    against_index=target.against,
                    centers=self.centers,
                )
            )
        split = split_score(self.passed, call, gradient, target, self.image)
        # later layers and centres were not recorded
        return tuple(found), replace(split, exact=self.exact, centers=self.centers)
