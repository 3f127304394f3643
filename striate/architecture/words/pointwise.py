"""The words that keep the shape: activations, lrn, dropout and identity."""

from __future__ import annotations

from dataclasses import dataclass

from striate.architecture.words.window import Shape, text_of
from striate.architecture.words.word import Kind, Layer, maps
from striate.errors import NotationError


@dataclass(frozen=True)
class Relu(Layer):
    """max(0, x)."""

    word = "relu"


@dataclass(frozen=True)
class LeakyRelu(Layer):
    """x where positive, slope*x where negative: ``leakyrelu 0.01``."""

    word = "leakyrelu"
    arguments = {"slope": Kind.DECIMAL}
    bare = ("slope",)

    slope: float = 0.01


@dataclass(frozen=True)
class Relu6(Layer):
    """min(6, max(0, x))."""

    word = "relu6"


@dataclass(frozen=True)
class Sigmoid(Layer):
    """1 / (1 + exp(-x))."""

    word = "sigmoid"


@dataclass(frozen=True)
class Tanh(Layer):
    """The hyperbolic tangent."""

    word = "tanh"


@dataclass(frozen=True)
class Softmax(Layer):
    """exp(x) over the sum of exp(x), over all channels or features of one place."""

    word = "softmax"


@dataclass(frozen=True)
class Lrn(Layer):
    """Local response normalisation over neighbouring channels: ``lrn 5 alpha=0.0001``.

    x / (k + alpha/size * sum of x^2 over ``size`` channels)^beta, torch's meaning:
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html
    From section 3.3 of Krizhevsky et al. 2012, whose alpha is torch's alpha/size.
    """

    word = "lrn"
    arguments = {
        "size": Kind.WHOLE,
        "alpha": Kind.DECIMAL,
        "beta": Kind.DECIMAL,
        "k": Kind.DECIMAL,
    }
    bare = ("size", "alpha", "beta", "k")
    named = ("alpha", "beta", "k")

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    @classmethod
    def check(cls, name: str, value: object) -> None:
        """A k of 0 or less would divide by nothing where the map is zero."""
        super().check(name, value)
        if isinstance(value, (int, float)) and (value < 0 or (name == "k" and value == 0)):
            raise NotationError(
                f"lrn got {name}={text_of(value)}; expected k above 0, the others at least 0"
            )

    def output(self, shape: Shape) -> Shape:
        """The same shape, which must be that of maps."""
        return maps(self, shape)


@dataclass(frozen=True)
class Dropout(Layer):
    """In training, zero each number with probability ``rate`` and scale the rest up.

    Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html
    """

    word = "dropout"
    arguments = {"rate": Kind.DECIMAL}
    bare = ("rate",)

    rate: float

    @classmethod
    def check(cls, name: str, value: object) -> None:
        """A rate of 1 would leave nothing."""
        if isinstance(value, (int, float)) and not 0 <= value < 1:
            raise NotationError(
                f"dropout got {text_of(value)}, but its rate must be at least 0 and below 1, "
                "as in dropout 0.5"
            )


@dataclass(frozen=True)
class Identity(Layer):
    """What comes in goes out: the plain branch of ``add(... | identity)``."""

    word = "identity"
