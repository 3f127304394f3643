"""What the functions and modules of torch stand for: the rules of all words, in one place each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from torch import nn

from striate.architecture.aspects.border_reading import border_functions, border_modules
from striate.architecture.aspects.joint import JoinRules
from striate.architecture.aspects.word import OnTensors
from striate.architecture.words import JOINS, WORDS, Joint

if TYPE_CHECKING:
    from striate.architecture.aspects.word import Reader, Words

_RULES: Final = [word.torch_rules() for word in WORDS.values()]
MODULES: Final[Mapping[type[nn.Module], Reader]] = {
    kind: read for rules in _RULES for kind, read in rules.modules.items()
}
FUNCTIONS: Final[Mapping[Callable[..., object], Reader]] = {
    function: read for rules in _RULES for function, read in rules.functions.items()
}
METHODS: Final[Mapping[str, Reader]] = {
    name: read for rules in _RULES for name, read in rules.methods.items()
}
ON_TENSORS: Final[Mapping[Callable[..., object], OnTensors]] = {
    function: rule for rules in _RULES for function, rule in rules.on_tensors.items()
}
LAST_MODULES: Final[Mapping[type[nn.Module], Reader]] = {
    kind: read for rules in _RULES for kind, read in rules.last_modules.items()
}
ON_PARAMETER: Final[Mapping[object, Reader]] = {
    target: read for rules in _RULES for target, read in rules.on_parameter.items()
}
SEVERAL: Final[Mapping[object, Callable[..., Sequence[Words]]]] = {
    target: read for rules in _RULES for target, read in rules.several.items()
}
BORDER_FUNCTIONS: Final = border_functions()
BORDER_MODULES: Final = border_modules()
JOINING: Final[Mapping[object, tuple[Joint, JoinRules]]] = {
    target: (join(), rules)
    for join in JOINS.values()
    for rules in [join.torch_rules()]
    for target in rules.targets
}
