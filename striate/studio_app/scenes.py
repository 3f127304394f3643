"""One image in one network, every layer recorded: what questions are answered from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock

import numpy as np
import torch

from striate.architecture.layer_table import summary
from striate.architecture.layer_table.feature_layer import find_feature_layer
from striate.backends.onnx import Trained
from striate.backends.torch.network import Joining, Net
from striate.errors import SettingError
from striate.explanation.attribution_methods import METHODS
from striate.explanation.backward_rules import BACKWARD_METHODS, check_backward
from striate.explanation.grad_cam import GRADIENT_METHODS
from striate.explanation.hooks import LayerCall, Recording, record
from striate.explanation.last_spatial_layer import LastSpatialLayer, last_spatial_layer_of
from striate.explanation.layer_maps import NEARLY, SAMPLED
from striate.explanation.preprocessed_image import PreprocessedImage
from striate.explanation.unit_arithmetic import FOLLOWING, recompute_call
from striate.model.answering import give_answers
from striate.model.classifier import Classifier
from striate.model.json_value import JsonObject
from striate.model.prediction import Prediction, make_prediction
from striate.studio_app.images import Images
from striate.studio_app.networks import Networks, OpenNetwork

INPUT = "input"  # stands for the network's input where a layer's address is asked for
KEPT = 3
SLOPES = tuple(each for each in METHODS if each != "occlusion")  # methods that ask for a gradient
CAMERA = "camera"


@dataclass(frozen=True, eq=False)
class Scene:
    """One image in one network.

    Attributes:
        network: the network.
        image: as it goes in.
        passed: every layer's call.
    """

    network: OpenNetwork
    image: PreprocessedImage
    passed: Recording = field(repr=False)

    @staticmethod
    def of(network: OpenNetwork, image: np.ndarray, name: str) -> Scene:
        """Let an image pass through a network.

        Raises:
            SettingError: the network does not give one number a class.
        """
        read = PreprocessedImage.read(network.classifier, image)
        with network.lock:
            passed = record(network.classifier.module, read.tensor)
        if passed.output.ndim != 2:
            raise SettingError(
                f"the network gives {tuple(passed.output.shape)}; expected (1, classes)"
            )
        return Scene(network, read, passed)

    @cached_property
    def calls(self) -> dict[str, LayerCall]:
        """The layers that can be looked at, by address, in the order in which they work."""
        return {call.name: call for call in self.passed.calls if call.output.ndim in (2, 4)}

    def call(self, layer: str) -> LayerCall:
        """Return a layer's call.

        Raises:
            SettingError: the network has no such layer.
        """
        if layer not in self.calls:
            return self.passed[layer]  # which says what there is
        return self.calls[layer]

    def values(self, layer: str, source: int = -1) -> torch.Tensor:
        """Return what a layer gave, or what went into it: (units, rows, columns) or (units,).

        Raises:
            SettingError: there is no such layer or source.
        """
        if layer == INPUT:
            return self.passed.input[0]
        call = self.call(layer)
        if source < 0:
            return call.output[0]
        if source >= len(call.inputs):
            raise SettingError(f"'{layer}' takes {len(call.inputs)} inputs and has none {source}")
        return call.inputs[source][0]

    @property
    def logits(self) -> np.ndarray:
        """What the network answers: float64 (classes,)."""
        return np.asarray(self.passed.output[0].double().cpu().numpy())

    @property
    def answer(self) -> Prediction:
        """What the classifier answers to the image alone, not beside its mirror image."""
        own, features = self.network.classifier, None
        if own.decision.distance is not None and isinstance(own.network, Trained):
            layer = find_feature_layer(own.network.plan)
            if layer is not None:
                given = self.passed[layer.address].inputs[0].detach().float()
                features = given.flatten(2).mean(2) if given.dim() > 2 else given
        vectors = None if features is None else features.cpu().numpy()
        return answer_alone(own, self.image, self.logits, features=vectors)

    def reach(self, layer: str) -> float:
        """Return the size of a number that has the full colour: all but 0.5 % are smaller."""
        flat = self.values(layer).detach().float().abs().flatten().cpu().numpy()
        flat = flat[:: 1 + len(flat) // SAMPLED]
        return float(np.percentile(flat, NEARLY)) or float(flat.max()) or 1.0

    def strip(self) -> list[JsonObject]:
        """Return what there is to say of each layer, the network's input first."""
        told = _texts(self.network)
        sources = self.sources
        entries: list[JsonObject] = [
            {
                "name": INPUT,
                "kind": INPUT,
                "text": "x".join(map(str, self.passed.input.shape[1:])),
                "formulas": {},
                "shape": list(self.passed.input.shape[1:]),
                "sources": [],
                "reach": self.reach(INPUT),
                "follows": False,
            }
        ]
        for call in self.calls.values():
            kind = type(call.module).__name__
            joins = isinstance(call.module, Joining)
            text, formulas = told.get(call.name, (str(call.module.joint) if joins else kind, {}))
            entries.append(
                {
                    "name": call.name,
                    "kind": kind,
                    "text": text,
                    "formulas": formulas,
                    "shape": list(call.output.shape[1:]),
                    "sources": sources[call.name],
                    "reach": self.reach(call.name),
                    "follows": isinstance(call.module, FOLLOWING),
                }
            )
        return entries

    @cached_property
    def end(self) -> LastSpatialLayer | SettingError:
        """The last spatial layer, or why there is none."""
        try:
            return last_spatial_layer_of(self.passed)
        except SettingError as error:
            return error

    @cached_property
    def refused_methods(self) -> dict[str, str]:
        """The methods of heat maps that do not fit the network, and why."""
        refused: dict[str, str] = {}
        module, values = self.network.classifier.module, self.image.tensor
        with self.network.lock:
            for method in reversed(BACKWARD_METHODS):
                try:
                    check_backward(module, values, method=method)
                except SettingError as error:
                    alike = SLOPES if method == "gradient" else (method,)
                    refused |= dict.fromkeys(alike, str(error))
        end = self.end
        if isinstance(end, SettingError):
            refused |= dict.fromkeys(("cam", *GRADIENT_METHODS), str(end))
        elif not (end.is_class_map or end.weight is not None):
            refused["cam"] = (
                "the network does not end in a mean over positions and one linear layer, so there "
                "is no exact class activation map"
            )
        return refused

    @cached_property
    def sources(self) -> dict[str, list[str]]:
        """Of each layer the names of those that made what goes in; "" where no layer did."""
        return {
            call.name: [self._maker(given, call) for given in call.inputs]
            for call in self.passed.calls
        }

    def _maker(self, given: torch.Tensor, call: LayerCall) -> str:
        if given is self.passed.input or (
            given.shape == self.passed.input.shape and torch.equal(given, self.passed.input)
        ):
            return INPUT
        made = self.passed.producer_of(given, call)
        return "" if made is None else made.name

    def margin(self, layer: str) -> list[int]:
        """Return how far the windows of a layer reach beyond its input: top, left, bottom, right.

        It is read off the sums of its first and its last number, whatever the layer is.
        """
        if layer == INPUT:
            return [0, 0, 0, 0]
        call = self.call(layer)
        given = call.inputs[0]
        if call.output.ndim != 4 or given.ndim != 4:
            return [0, 0, 0, 0]
        rows, columns = (int(side) for side in call.output.shape[2:])
        height, width = (int(side) for side in given.shape[2:])
        try:
            first = recompute_call(call, 0, 0, 0).terms
            last = recompute_call(call, 0, rows - 1, columns - 1).terms
        except SettingError:  # what the layer does is not known, which a sum will say
            return [0, 0, 0, 0]
        beyond = (
            -int(first.row.min()),
            -int(first.column.min()),
            int(last.row.max()) - height + 1,
            int(last.column.max()) - width + 1,
        )
        return [max(0, each) for each in beyond]


def answer_alone(
    own: Classifier,
    image: PreprocessedImage,
    logits: np.ndarray,
    *,
    features: np.ndarray | None = None,
) -> Prediction:
    """Return what a classifier answers to an image alone, not beside its mirror image.

    Args:
        own: the classifier.
        image: the image.
        logits: float (classes,), of the image.
        features: float32 (1, features); None computes them where they are needed.
    """
    decision = replace(own.decision, mirrored=False)
    if decision.distance is not None and features is None:
        pixels, count = image.pixels[None], len(own.classes)
        answers = give_answers(own.engine, decision, pixels, classes=count)
    else:
        answers = decision.decide(logits[None].astype(np.float32), features)
    return make_prediction(image.name, answers, own.classes, taxonomy=decision.taxonomy)


def tell_answer(answer: Prediction) -> JsonObject:
    """Return what a page says of an answer: its class, a node above the classes, or nothing."""
    return {
        "class": answer.label,
        "node": answer.node,
        "words": answer.words,
        "reason": answer.reason,
    }


def _texts(network: OpenNetwork) -> Mapping[str, tuple[str, dict[str, str]]]:
    """Return each layer's text in the notation and its calculations, where it has such."""
    module = network.classifier.module
    if not isinstance(module, Net):
        return {}
    return {row.name: (row.text, row.formulas.as_json()) for row in summary(module.plan).layers}


class Scenes:
    """Opens images in networks, and keeps the latest.

    Args:
        networks: that there are.
        images: that there are.
    """

    def __init__(self, networks: Networks, images: Images) -> None:
        self.networks, self.images = networks, images
        self._kept: OrderedDict[tuple[str, str], Scene] = OrderedDict()
        self._lock = Lock()

    def open(self, network: str, image: str) -> Scene:
        """Return an image in a network.

        Raises:
            StriateError: one of them is missing or cannot be read; the message says which.
        """
        opened = self.networks.open(network)
        with self._lock:
            found = self._kept.get((network, image))
            if found is None or found.network is not opened:
                found = Scene.of(opened, self.images.open(image), image)
            self._keep((network, image), found)
        return found

    def see(self, network: str, frame: np.ndarray, name: str = CAMERA) -> Scene:
        """Let a picture pass through a network, and keep it under a name."""
        opened = self.networks.open(network)
        scene = Scene.of(opened, frame, name)
        with self._lock:
            self._keep((network, name), scene)
        return scene

    def _keep(self, key: tuple[str, str], scene: Scene) -> None:
        self._kept[key] = scene
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
