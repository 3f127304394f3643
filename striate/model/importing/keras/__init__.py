"""Networks and weights of Keras, read through h5py alone: no Keras, no TensorFlow, no code run."""

from __future__ import annotations

from striate.model.importing.keras.image_preparation import family_preprocess, usual_preprocess
from striate.model.importing.keras.keras_file import KerasFile, is_keras, open_keras
from striate.model.importing.keras.model_graph import read_network
from striate.model.importing.keras.weights_alone import KerasNetwork, known_network, read_state

__all__ = [
    "KerasFile",
    "KerasNetwork",
    "family_preprocess",
    "is_keras",
    "known_network",
    "open_keras",
    "read_network",
    "read_state",
    "usual_preprocess",
]
