#!/usr/bin/env bash
# Guess: a layer that is called with training=True in a functional model stays in training, as it did
# in Keras 2: Dropout(0.5)(x, training=True) is how Monte Carlo dropout is written.
# What happens: the model's configuration keeps it, and model(x) heeds it; but model.predict(x),
# evaluate, and model(x, training=False) hand their own training=False down and override it, so
# every prediction is the same and the uncertainty is exactly 0. Nothing is said.
# Who is hurt: whoever estimates uncertainty by repeating predict, or moves such a model from Keras 2.
# Workaround: call model(x, training=True) where everything may be in training, or subclass Dropout and
# ignore the argument.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0 numpy==2.4.6 keras==3.15.1
cd "$folder"
KERAS_BACKEND=torch KERAS_HOME="$folder" nice venv/bin/python - <<'PY'
import keras
import numpy as np

print("keras", keras.__version__)
keras.utils.set_random_seed(0)
image = keras.Input((64,))
model = keras.Model(image, keras.layers.Dropout(0.5)(image, training=True))
x = np.ones((1, 64), np.float32)
kept = model.get_config()["layers"][1]["inbound_nodes"][0]["kwargs"]
predicted = np.std([model.predict(x, verbose=0) for _ in range(20)], 0).max()
called = np.std([np.asarray(model(x).detach()) for _ in range(20)], 0).max()
print("the configuration keeps", kept)
print("deviation over 20 answers: called", round(float(called), 2), "predicted", float(predicted))
assert kept == {"training": True}
assert called > 0.5
assert predicted == 0, "the behaviour has changed"
PY
