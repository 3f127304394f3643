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
    "relu": "Relu",
    "relu6": "Relu6",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "silu": "Silu",
}


@dataclass(frozen=True)
class Call:
    """One use of a layer.

    Attributes:
        inputs: the uses of layers whose outputs it takes; in a Sequential the one before it.
        constants: the fixed numbers that it takes besides, of operators such as x / 127.5.
        constant_first: whether a number stands in front, as in 1 - x.
        in_training: whether it is told to do what it does in training.
    """

    inputs: tuple[str, ...] = ()
    constants: tuple[float, ...] = ()
    constant_first: bool = False
    in_training: bool = False


@dataclass(frozen=True)
class LayerConfig:
    """One layer in one of its uses.

    Attributes:
        kind: the name of its class.
        name: its own.
        settings: its configuration.
        call: the use.
        key: by which others name this use: its name, with a number from the second on.
        is_layer: whether it is a layer and not an operator of tensors.
    """

    kind: str
    name: str
    settings: Mapping[str, Any] = field(repr=False)
    call: Call
    key: str
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
        layers: in the order of the file, each as often as it is used.
        start: the use of a layer that its input comes from; "" for a Sequential without an
            InputLayer.
        end: the one whose output is its own.
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
        uses = {str(entry.get("name")): len(entry.get("inbound_nodes") or []) for entry in entries}
        layers = tuple(
            _layer(entry, call, number)
            for entry in entries
            for number, call in enumerate(_calls(entry, uses))
        )
        start, end = (
            _only(settings.get(key), name, uses) for key in ("input_layers", "output_layers")
        )
    names = [layer.name for layer in layers if layer.key == layer.name]
    twice = next((each for each in names if names.count(each) > 1), None)
    if twice is not None:
        raise Refused(f"two layers of '{name}' are called '{twice}'")
    return ModelConfig(name, layers, start, end, _shape(settings, entries))


def _chained(entries: Sequence[Mapping[str, Any]]) -> Iterator[LayerConfig]:
    before = ""
    for entry in entries:
        layer = _layer(entry, Call((before,) if before else ()))
        before = layer.name
        yield layer


def _layer(entry: Mapping[str, Any], call: Call, number: int = 0) -> LayerConfig:
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
    return LayerConfig(kind, name, held, call, _key(name, number), is_layer=is_layer)


def _key(name: str, number: int) -> str:
    return f"{name} #{number + 1}" if number else name


def _used(history: Sequence[Any], uses: Mapping[str, int]) -> str:
    """Return the key of [layer, use, ...]; files count the uses of a layer that has one at will."""
    name, number = str(history[0]), history[1] if len(history) > 1 else 0
    several = uses.get(name, 1) > 1
    return _key(name, number) if several and type(number) is int else name


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


def _calls(entry: Mapping[str, Any], uses: Mapping[str, int]) -> Iterator[Call]:
    """Give the uses of a layer: what goes into each."""
    nodes = entry.get("inbound_nodes") or []
    if not nodes:
        yield Call()
    for node in nodes:
        inputs: list[str] = []
        numbers: list[tuple[float, bool]] = []  # each with whether it stands in front
        in_training = False
        if isinstance(node, Mapping):  # Keras 3
            options = node.get("kwargs") or {}
            in_training = options.get("training") is True
            kept = [value for key, value in options.items() if key not in IGNORED]
            _collect([node.get("args", []), kept], uses, inputs, numbers)
        elif isinstance(node, list):  # Keras 2: [[name, node, tensor, kwargs], ...]
            for call in [node] if node and isinstance(node[0], str) else node:
                if call[0] == CONSTANT:
                    numbers.append((float(call[2]), True))
                else:
                    inputs.append(_used(call, uses))
                more = call[3] if len(call) > 3 and isinstance(call[3], Mapping) else {}
                in_training = in_training or more.get("training") is True
                for key, value in more.items():
                    if key in ("y", "x") and isinstance(value, list) and value[:1] != [CONSTANT]:
                        inputs.append(_used(value, uses))
                    elif key not in IGNORED:
                        _collect(value, uses, inputs, numbers)
        first = any(before for _, before in numbers)
        yield Call(tuple(inputs), tuple(value for value, _ in numbers), first, in_training)


CONSTANT = "_CONSTANT_VALUE"
IGNORED = {"training", "mask", "name"}


def _collect(
    value: Any, uses: Mapping[str, int], inputs: list[str], numbers: list[tuple[float, bool]]
) -> None:
    if isinstance(value, Mapping) and value.get("class_name") == "__keras_tensor__":
        inputs.append(_used(value["config"]["keras_history"], uses))
    elif isinstance(value, list | tuple):
        for each in value:
            _collect(each, uses, inputs, numbers)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        numbers.append((float(value), not inputs))
    elif value is not None and not isinstance(value, bool):
        raise Refused(f"it takes {str(value)[:40]!r} besides tensors, which has no word")


def _only(given: Any, name: str, uses: Mapping[str, int]) -> str:
    """Return the one use of a layer that is a model's input or output."""
    if isinstance(given, Mapping) and len(given) == 1:  # of an output with a name
        given = next(iter(given.values()))
    while isinstance(given, list) and len(given) == 1:
        given = given[0]
    if isinstance(given, list) and given and isinstance(given[0], str):
        return _used(given, uses)
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
