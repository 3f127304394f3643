#!/usr/bin/env bash
# Guess: keras.metrics.AUC is the area under the ROC curve, near enough to scikit-learn's for
# every use.
# What happens: it counts at 200 thresholds spread evenly from 0 to 1, and not at the scores
# themselves. Where these lie close together (a rare class, with probabilities below 0.01; a
# confident network, above 0.99), all fall between two thresholds, and 0.87 is reported as 0.5; so
# is a perfect order.
# Who is hurt: those who choose the epoch or the network by val_auc on imbalanced pictures
# (screening, defects): the metric stands still while the ranking improves.
# Workaround: sklearn.metrics.roc_auc_score on the predictions, or thresholds= chosen from their
# quantiles.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
nice "$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 scikit-learn==1.9.1 keras==3.15.1 jax==0.10.2
cd "$folder"
nice venv/bin/python - <<'PY'
import os

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np
import sklearn
from sklearn.metrics import roc_auc_score

print("keras", keras.__version__, "scikit-learn", sklearn.__version__)
rng = np.random.default_rng(0)
truth = rng.integers(0, 2, 2000)
spread = (truth + 2 * rng.random(2000)) / 3
for name, scores in (
    ("over the whole range", spread),
    ("the same order below 0.004", spread * 0.004),
    ("a perfect order below 0.004", (truth + rng.random(2000)) / 2 * 0.004),
):
    exact = roc_auc_score(truth, scores)
    seen = float(keras.metrics.AUC()(truth, scores))
    print(f"{name}: expected {exact:.3f}, seen {seen:.3f}")
    if scores is spread:
        assert abs(seen - exact) < 0.01
    else:
        assert abs(seen - exact) > 0.1, "the behaviour has changed"
PY
