"""Make models with Keras, each saved in every way with what it answers, in a folder that is given.

The process needs KERAS_BACKEND=torch, whose "same" average pools are not those of TensorFlow: none
is among these. A model NAME becomes NAME.keras, NAME.h5, NAME.weights.h5, NAME.x.npy (images 0 to
255, channels last) and NAME.y.npy (its answers).
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def nested() -> Any:
    """A part that was frozen, a Sequential within, scaling by operators, features in a row."""
    from keras import Input, Model, Sequential, layers

    stem = Sequential(
        [
            Input((20, 20, 3)),
            layers.Conv2D(6, 3, strides=2, padding="same"),
            layers.BatchNormalization(epsilon=0.01, scale=False),
            layers.ReLU(6.0),
        ],
        name="stem",
    )
    image = Input((20, 20, 3))
    x = layers.RandomFlip()(image / 127.5 - 1.0)
    x = stem(x)
    x = layers.Add()([x, layers.SeparableConv2D(6, 3, padding="same", activation="tanh")(x)])
    x = layers.Flatten()(x)
    x = layers.BatchNormalization(center=False)(x)
    x = layers.Concatenate()([layers.Dropout(0.3)(x), layers.Dense(5, activation="sigmoid")(x)])
    model = Model(image, layers.Dense(3, activation="softmax")(x))
    stem.layers[0].trainable = False  # the older .h5 keeps its weights last
    return model


def many() -> Any:
    """Over ten convolutions of one shape, whose groups do not sort by running."""
    from keras import Input, Sequential, layers

    convs = [layers.Conv2D(3, 3, padding="same", activation="tanh") for _ in range(12)]
    head = [layers.Flatten(), layers.Dense(2), layers.Softmax()]
    return Sequential([Input((9, 9, 3)), layers.Rescaling(1 / 255), *convs, *head])


def windows() -> Any:
    """Every kind of window and padding: even, dilated, four-sided, grouped, multiplied."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((33, 30, 3)),
            layers.Rescaling(1 / 127.5, -1.0),
            layers.ZeroPadding2D(((2, 0), (1, 3))),
            layers.Conv2D(8, (4, 3), strides=(2, 1), use_bias=False),
            layers.LeakyReLU(negative_slope=0.1),
            layers.Conv2D(8, 4, padding="same", activation="leaky_relu"),
            layers.DepthwiseConv2D(3, depth_multiplier=2, strides=2, padding="same"),
            layers.PReLU(shared_axes=[1, 2]),
            layers.Conv2D(8, 3, dilation_rate=2, groups=4, padding="same", activation="relu"),
            layers.ZeroPadding2D(1),
            layers.MaxPooling2D(3, strides=2),
            layers.MaxPooling2D(2, padding="same", strides=1),
            layers.AveragePooling2D((2, 1)),
            layers.Conv2D(4, 1, activation="relu6"),
            layers.GlobalMaxPooling2D(keepdims=True),
            layers.Reshape((4,)),
            layers.Dense(4, activation="softmax"),
        ]
    )


def one_output() -> Any:
    """The sigmoid of one output, and a dense layer on every pixel."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((8, 8, 1)),
            layers.Normalization(mean=[100.0], variance=[900.0]),
            layers.Dense(4, activation="relu"),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def arithmetic() -> Any:
    """Layers used twice, operators, zeros before anything, fixed numbers, a logit of one output."""
    from keras import Input, Model, layers, ops

    bend, twice = layers.ReLU(), layers.Conv2D(6, 3, padding="same")
    image = Input((18, 17, 3))
    x = bend(layers.Conv2D(6, 3)(layers.Rescaling(1 / 255)(image)))
    x = bend(twice(twice(x)))
    x = layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(layers.BatchNormalization()(x)))
    x = layers.Conv2D(6, 3, padding="same", strides=2)(layers.ZeroPadding2D(((3, 0), (1, 2)))(x))
    x = layers.LayerNormalization(epsilon=1e-6)(layers.ZeroPadding2D(2)(x))
    x = layers.Multiply()([x, layers.ReLU(6.0)(x + 3.0) * (1.0 / 6.0)])
    x = x + 0.5 * ops.silu(x * ops.sigmoid(x))
    x = layers.MaxPooling2D(2)(layers.ZeroPadding2D(4)(layers.ReLU()(x)))
    x = layers.Dropout(0.2, noise_shape=(None, 1, 1, 1))(layers.PReLU(shared_axes=[1, 2, 3])(x))
    x = layers.LayerNormalization(scale=False)(layers.Flatten()(x))
    x = layers.Softmax(axis=1)(layers.Reshape((-1,))(2.0 * layers.Dense(9)(x)))
    return Model(image, layers.Dense(1)(x))


def logarithm() -> Any:
    """The logarithm of a softmax at the end, and an output that has a name."""
    from keras import Input, Model, layers

    image = Input((8, 8, 3))
    x = layers.GlobalMaxPooling2D()(layers.Conv2D(4, 3)(image / 255.0))
    return Model(image, {"answer": layers.Dense(3, activation="log_softmax")(x)})


def applications() -> dict[str, Any]:
    """Networks of keras.applications that are known without their model."""
    from keras import applications as those

    made = {"mobilenet_v2": those.MobileNetV2, "densenet121": those.DenseNet121}
    made["resnet50"] = those.ResNet50
    given = {"weights": None, "classes": 4, "classifier_activation": None}
    made["resnet50v2"], made["convnext"] = those.ResNet50V2, those.ConvNeXtTiny
    made["small"], made["large"] = those.MobileNetV3Small, those.MobileNetV3Large
    return {name: make(input_shape=(32, 32, 3), **given) for name, make in made.items()}


MODELS: dict[str, Callable[[], Any]] = {
    each.__name__: each for each in (nested, many, windows, one_output, arithmetic, logarithm)
}


def main(folder: Path, which: str) -> None:
    import keras

    numbers = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    models = applications() if which else {name: make() for name, make in MODELS.items()}
    for name, model in models.items():
        for layer in model._flatten_layers():
            if isinstance(layer, keras.layers.BatchNormalization):
                shapes = [value.shape for value in layer.get_weights()]
                layer.set_weights([numbers.uniform(0.5, 1.5, shape) for shape in shapes])
        x = numbers.integers(0, 256, (3, *model.input_shape[1:])).astype(np.float32)
        np.save(folder / f"{name}.x.npy", x)
        y = model(x, training=False)
        y = y["answer"] if isinstance(y, dict) else y
        np.save(folder / f"{name}.y.npy", y.detach().numpy())
        model.save(folder / f"{name}.keras")
        model.save(folder / f"{name}.h5")
        model.save_weights(folder / f"{name}.weights.h5")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]), "".join(sys.argv[2:]))
