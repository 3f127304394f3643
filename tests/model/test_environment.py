from __future__ import annotations

import json

import torch

from striate.model.environment import Environment


def test_the_environment_survives_json() -> None:
    here = Environment.here()
    assert Environment.from_json(json.loads(json.dumps(here.as_json()))) == here
    assert dict(here.versions)["torch"] == torch.__version__
    assert here.processor
