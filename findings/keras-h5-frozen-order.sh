#!/usr/bin/env bash
# Guess: weights that were saved in a .h5 and loaded into the same network are the same weights, and
# whether a layer was frozen meanwhile does not matter.
# What happens: an .h5 keeps the weights of a model within a model in the order "trainable first", and
# load_weights takes them by their order, not by the names that stand beside them. Where a layer was
# frozen when the file was written and is not when it is read (or the reverse), layers of equal shape
# change places without a word; where shapes differ, it is an error about shapes. load_model
# freezes first and is right; so are .keras and .weights.h5.
# Who is hurt: those who fine-tune a frozen backbone (the usual recipe), keep the .h5 of the best epoch,
# and load its weights into a network that is built anew; those who read such files elsewhere by order.
# Workaround: save .keras or .weights.h5; or set trainable as it was before load_weights.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 keras==3.15.1 h5py==3.16.0 jax==0.10.2
cd "$folder"
nice venv/bin/python - <<'PY'
import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np
from keras import layers

print("keras", keras.__version__)


def network(frozen):
    inner = keras.Sequential(
        [keras.Input((4,)), layers.Dense(4, name="first"), layers.Dense(4, name="second")], name="inner"
    )
    inner.layers[0].trainable = not frozen
    image = keras.Input((4,))
    return keras.Model(image, inner(image))


def firsts(model):
    return [float(layer.get_weights()[0][0, 0]) for layer in model.get_layer("inner").layers]


saved = network(frozen=True)
for number, layer in enumerate(saved.get_layer("inner").layers, 1):
    layer.set_weights([np.full((4, 4), number), np.zeros(4)])
for name in ("m.keras", "m.h5"):
    saved.save(name)
    anew = network(frozen=False)
    anew.load_weights(name)
    print(f"{name}: expected {firsts(saved)}, seen {firsts(anew)}")
    swapped = firsts(anew) == firsts(saved)[::-1]
    assert swapped == (name == "m.h5"), "the behaviour has changed"
PY
