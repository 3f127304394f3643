"""The configuration of a Keras model, of Keras 2 or 3: its layers, and what goes into each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from striate.architecture.aspects.torch_reading import Refused

MODELS = ("Sequential", "Functional", "Model")
OPERATORS = {
    "truediv": "TrueDivide",
    "divide": "TrueDivide",
    "subtract": "Subtract",
    "multiply": "Multiply",
    "add": "Add",
    "concat": "Concatenate",
}


@dataclass(frozen=True)
class LayerConfig:
    """One layer.

    Attributes:
        kind: the name of its class.
        name: its own, by which others call it.
        settings: its configuration.
        inputs: the layers whose outputs it takes; in a Sequential the one before it.
        constants: the fixed numbers that it takes besides, of operators such as x / 127.5.
        is_layer: whether it is a layer and not an operator of tensors.
    """

    kind: str
    name: str
    settings: Mapping[str, Any] = field(repr=False)
    inputs: tuple[str, ...] = ()
    constants: tuple[float, ...] = ()
    is_layer: bool = True

    @property
    def is_model(self) -> bool:
        """Whether it is a model of layers of its own."""
        return self.kind in MODELS


@dataclass(frozen=True)
class ModelConfig:
    """A model.

    Attributes:
        name: its own.
        layers: in the order of the file.
        start: the layer that its input comes from; "" for a Sequential without an InputLayer.
        end: the layer whose output is its own.
        shape: (rows, columns, channels) that it says of its input; None where one is not fixed.
    """

    name: str
    layers: tuple[LayerConfig, ...]
    start: str
    end: str
    shape: tuple[int | None, ...] | None


def read_config(given: Mapping[str, Any]) -> ModelConfig:
    """Read the configuration of a model.

    Raises:
        Refused: it is no model of one input and one output, or holds what is not Keras's own.
    """
    kind, settings = given.get("class_name"), given.get("config")
    if kind not in MODELS:
        raise Refused(_foreign(given) or f"a model of the class {kind!r} is made by its own code")
    if reason := _foreign(given):
        raise Refused(reason)
    if isinstance(settings, list):  # a Sequential of Keras 2.2 and earlier
        settings = {"name": "sequential", "layers": settings}
    if not isinstance(settings, Mapping) or not isinstance(settings.get("layers"), list):
        raise Refused("its configuration lists no layers")
    name = str(settings.get("name", "model"))
    entries = [entry for entry in settings["layers"] if isinstance(entry, Mapping)]
    if not entries:
        raise Refused("it has no layers")
    if kind == "Sequential":
        layers = tuple(_chained(entries))
        first = layers[0]
        start, end = (first.name if first.kind == "InputLayer" else ""), layers[-1].name
    else:
        layers = tuple(_layer(entry, _node(entry)) for entry in entries)
        start, end = (_only(settings.get(key), name) for key in ("input_layers", "output_layers"))
    names = [layer.name for layer in layers]
    twice = next((each for each in names if names.count(each) > 1), None)
    if twice is not None:
        raise Refused(f"two layers of '{name}' are called '{twice}'")
    return ModelConfig(name, layers, start, end, _shape(settings, entries))


def _chained(entries: Sequence[Mapping[str, Any]]) -> Iterator[LayerConfig]:
    before = ""
    for entry in entries:
        layer = _layer(entry, ((before,) if before else (), ()))
        before = layer.name
        yield layer


def _layer(
    entry: Mapping[str, Any], node: tuple[tuple[str, ...], tuple[float, ...]]
) -> LayerConfig:
    kind, settings = str(entry.get("class_name")), entry.get("config")
    inner = settings if isinstance(settings, Mapping) else {}
    name = str(entry.get("name") or inner.get("name") or kind)
    if reason := _foreign(entry):
        raise Refused(reason, f"'{name}'")
    is_layer = not str(entry.get("module") or "").startswith("keras.src.ops")
    if kind in ("TFOpLambda", "SlicingOpLambda"):  # an operator of TensorFlow, in Keras 2
        operator = str(inner.get("function") or inner.get("name") or "").rpartition(".")[2]
        kind, is_layer = OPERATORS.get(operator, f"tf {operator}"), True
    held = entry if kind in MODELS else inner
    return LayerConfig(kind, name, held, *node, is_layer=is_layer)


def _foreign(entry: Mapping[str, Any]) -> str:
    """Say why a class is not Keras's own, or nothing; what a file calls by a name is never run."""
    kind = str(entry.get("class_name"))
    module, registered = str(entry.get("module") or ""), str(entry.get("registered_name") or "")
    if kind == "Lambda":
        return "a Lambda layer is code of its own, which is not run"
    outside = bool(module) and module.partition(".")[0] not in ("keras", "tensorflow", "tf_keras")
    package = registered.partition(">")[0] if ">" in registered else ""
    if outside or (package and package != "keras") or ">" in kind:
        return f"{registered or kind} is a custom class, whose code is not run"
    return ""


def _node(entry: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return the layers that a layer takes, and the fixed numbers."""
    nodes = entry.get("inbound_nodes") or []
    name = entry.get("name")
    if not nodes:
        return (), ()
    if len(nodes) > 1:
        raise Refused("it is used in several places; here each layer has its own", f"'{name}'")
    node = nodes[0]
    inputs: list[str] = []
    constants: list[float] = []
    if isinstance(node, Mapping):  # Keras 3
        given = [
            node.get("args", []),
            [value for key, value in (node.get("kwargs") or {}).items() if key not in IGNORED],
        ]
        _collect(given, inputs, constants)
    elif isinstance(node, list):  # Keras 2: [[name, node, tensor, kwargs], ...]
        calls = [node] if node and isinstance(node[0], str) else node
        for call in calls:
            inputs.append(str(call[0]))
            more = call[3] if len(call) > 3 and isinstance(call[3], Mapping) else {}
            for key, value in more.items():
                if (
                    key in ("y", "x")
                    and isinstance(value, list)
                    and value[:1] != ["_CONSTANT_VALUE"]
                ):
                    inputs.append(str(value[0]))
                elif key not in IGNORED:
                    _collect(value, inputs, constants)
    return tuple(inputs), tuple(constants)


IGNORED = {"training", "mask", "name"}


def _collect(value: Any, inputs: list[str], constants: list[float]) -> None:
    if isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
        inputs.append(str(value["config"]["keras_history"][0]))
    elif isinstance(value, list | tuple):
        for each in value:
            _collect(each, inputs, constants)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        constants.append(float(value))
    elif value is not None and not isinstance(value, bool):
        raise Refused(f"it takes {str(value)[:40]!r} besides tensors, which has no word")


def _only(given: Any, name: str) -> str:
    """Return the one layer that is a model's input or output."""
    while isinstance(given, list) and len(given) == 1:
        given = given[0]
    if isinstance(given, list) and given and isinstance(given[0], str):
        return given[0]
    count = len(given) if isinstance(given, list | Mapping) else 0
    raise Refused(f"'{name}' has {count} inputs or outputs; expected one of each")


def _shape(
    settings: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]
) -> tuple[int | None, ...] | None:
    """Return what a model says of its input, without the batch."""
    candidates: list[Any] = []
    for entry in entries:
        inner = entry.get("config")
        if not isinstance(inner, Mapping):
            continue
        if entry.get("class_name") == "InputLayer" or entry is entries[0]:
            candidates += [inner.get(key) for key in ("batch_shape", "batch_input_shape")]
            built = entry.get("build_config")
            candidates.append(built.get("input_shape") if isinstance(built, Mapping) else None)
        if entry is entries[0] and entry.get("class_name") in MODELS:
            candidates.append([None, *(read_config(entry).shape or ())])
    candidates.append(settings.get("build_input_shape"))
    for found in candidates:
        if isinstance(found, list) and len(found) == 4:
            return tuple(side if isinstance(side, int) else None for side in found[1:])
    return None
