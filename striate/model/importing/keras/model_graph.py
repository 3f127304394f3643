"""A model of Keras as a network of the notation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from striate.architecture.aspects.torch_reading import Refused
from striate.architecture.words import Shape
from striate.errors import NotationError, SettingError, WeightsError
from striate.model.importing.fixed_numbers import scaled
from striate.model.importing.foreign_graph import Arrived, ForeignGraph, ForeignNetwork
from striate.model.importing.keras.keras_file import KerasFile, LayerWeights
from striate.model.importing.keras.keras_layer import KerasLayer
from striate.model.importing.keras.layers import JOINED, LAYERS
from striate.model.importing.keras.model_config import LayerConfig, ModelConfig, read_config

# What a configuration that Keras did not write, or that is damaged, makes of reading it.
MALFORMED = (KeyError, IndexError, TypeError, ValueError, AttributeError)
SCALED = {"TrueDivide", "Subtract", "Multiply", "Add"}


def read_network(file: KerasFile, shape: Shape | None = None) -> ForeignNetwork:
    """Write the model of a file in the notation; nothing in the file is run.

    Args:
        file: a whole model.
        shape: (channels, rows, columns) of the image, where the model leaves it open.

    Raises:
        NotationError: it cannot be written; the message names the layer and says why.
        WeightsError: the file holds weights alone, or not those of its layers.
    """
    if file.config is None:
        raise WeightsError(
            f"'{file.name}' holds weights alone and does not say of which network; give that: "
            "striate import NETWORK --weights FILE, or save the whole model by model.save"
        )
    try:
        config = _config(file.config)
        reading = _Reading(file, _input(config, shape, file.name))
        try:
            end = reading.model(
                config, Arrived(reading.graph.start), LayerWeights(file, _kinds(config))
            )
        finally:
            reading.graph.check_weights(file.name)
        logits, _, said = reading.graph.logits(end)
        return reading.graph.finish(config.name, logits, [*reading.notes, said])
    except RecursionError as error:
        raise NotationError(f"the models in '{file.name}' lie in each other too deeply") from error
    except Refused as error:
        place = f", at {error.place}" if error.place else ""
        raise NotationError(
            f"the model in '{file.name}' cannot be written in the notation{place}: {error.reason}"
        ) from error


def _config(given: Mapping[str, Any]) -> ModelConfig:
    try:
        return read_config(given)
    except MALFORMED as error:
        raise Refused(f"its configuration makes no sense ({error!r:.80})") from error


def _input(config: ModelConfig, shape: Shape | None, name: str) -> Shape:
    """Return the shape of the image, from the file or as it was given."""
    if config.shape is None or None in config.shape:
        if shape is None:
            raise SettingError(
                f"the model in '{name}' takes images of any size; give --input, as 3x224x224"
            )
        return shape
    rows, columns, channels = (side or 0 for side in config.shape)
    found = (channels, rows, columns)
    if shape is not None and shape != found:
        raise SettingError(
            f"the model in '{name}' was made for images of {rows}x{columns} in {channels} "
            f"channels, and --input is {'x'.join(map(str, shape))}; leave it out"
        )
    return found


def _kinds(config: ModelConfig) -> list[tuple[str, str]]:
    layers = [layer for layer in config.layers if layer.is_layer and layer.key == layer.name]
    return [(layer.kind, layer.name) for layer in layers]


class _Reading:
    """Goes through the layers of a model, and of the models within it."""

    def __init__(self, file: KerasFile, shape: Shape) -> None:
        self.graph = ForeignGraph(shape)
        self.notes: list[str] = []
        self._file = file

    def model(self, config: ModelConfig, x: Arrived, stored: LayerWeights) -> Arrived:
        """Return what comes out of a model."""
        layers = {layer.key: layer for layer in config.layers}
        known: dict[str, Arrived] = {config.start: x}
        pile, open_ = [config.end], set[str]()
        while pile:  # without recursion: a model may have more layers than Python has calls
            name = pile[-1]
            if name in known:
                pile.pop()
                continue
            if name not in layers:
                raise Refused(f"'{config.name}' names the layer '{name}', which it does not have")
            layer = layers[name]
            lacking = [each for each in layer.call.inputs if each not in known]
            if open_.intersection(lacking):
                raise Refused(f"the layers of '{config.name}' feed each other in a circle")
            if lacking:
                open_.add(name)
                pile += lacking
                continue
            open_.discard(name)
            given = [known[each] for each in layer.call.inputs]
            if not layer.call.inputs:
                if config.start:
                    raise Refused("nothing goes into it", f"'{name}'")
                given = [x]  # the first layer of a Sequential
            before = self.graph.n_weighted
            known[name] = self._layer(layer, given, stored)
            if layer.key != layer.name and self.graph.n_weighted > before:
                self.notes.append(
                    f"'{layer.name}' is used in several places; each got a copy of its weights"
                )
            if layer.call.in_training:
                self.notes.append(
                    f"'{layer.name}' is told to do what it does in training (training=True); here "
                    "it does what it does in prediction"
                )
            pile.pop()
        return known[config.end]

    def _layer(self, config: LayerConfig, given: list[Arrived], stored: LayerWeights) -> Arrived:
        place = f"'{config.name}' ({config.kind})"
        if config.is_model:
            inner = _config(config.settings)
            within = LayerWeights(self._file, _kinds(inner), stored, config.name)
            return self.model(inner, given[0], within)
        layer = KerasLayer(
            config.name,
            config.kind,
            config.settings,
            self._file.major,
            self.graph,
            stored,
            self.notes,
        )
        if config.kind in JOINED and len(given) > 1:
            return self._joined(layer, given)
        constants = config.call.constants
        if config.kind in SCALED and len(given) == len(constants) == 1:
            return _by_constant(layer, given[0], constants[0], first=config.call.constant_first)
        if config.kind not in LAYERS:
            raise Refused(f"there is no word for {config.kind}", f"'{config.name}'")
        if len(given) != 1 or constants:
            raise Refused(f"{len(given)} tensors and {len(constants)} numbers go in", place)
        try:
            return LAYERS[config.kind](layer, given[0])
        except MALFORMED as error:
            raise layer.refused(f"its settings make no sense ({error!r:.80})") from error

    def _joined(self, layer: KerasLayer, given: list[Arrived]) -> Arrived:
        word = JOINED[layer.kind]
        values = [self.graph.enter(each, layer.name) for each in given]
        order = given[0].order
        if word == "cat":
            if layer.config.get("axis", -1) not in (-1, len(given[0].shape)):
                raise layer.refused(f"axis={layer.config.get('axis')} has no word but the channels")
            order = _orders_in_a_row(given)
        elif any(_differ(each.order, order) for each in given):
            raise layer.refused("features in different orders meet")
        return Arrived(self.graph.join(word, values, layer.name), order)


def _by_constant(layer: KerasLayer, x: Arrived, number: float, *, first: bool) -> Arrived:
    """Return what an operator makes of a value and a number: x / 127.5, x - 1, or 1 - x."""
    scale, offset = 1.0, 0.0
    if layer.kind == "TrueDivide":
        if first or not number:
            raise layer.refused(f"dividing {f'{number:g} by it' if first else 'by 0'} has no word")
        scale = 1 / number
    elif layer.kind == "Multiply":
        scale = number
    elif layer.kind == "Subtract":
        scale, offset = (-1.0, number) if first else (1.0, -number)
    else:
        offset = number
    return scaled(layer.graph, x, np.asarray(scale), np.asarray(offset), layer.place)


def _differ(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    if one is None or other is None:
        return one is not other
    return not np.array_equal(one, other)


def _orders_in_a_row(given: list[Arrived]) -> np.ndarray | None:
    if all(each.order is None for each in given):
        return None
    orders, before = [], 0
    for each in given:
        count = each.shape[0]
        own = np.arange(count) if each.order is None else each.order
        orders.append(own + before)
        before += count
    return np.concatenate(orders)
