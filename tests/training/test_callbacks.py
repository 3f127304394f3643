"""TensorBoard and MLflow hold what the run said, as their own readers find it."""

from __future__ import annotations

from pathlib import Path

import pytest

from striate.events import Done, Epoch, Event
from striate.training.callbacks import FIGURES, MLflow, TensorBoard
from striate.training.result import TrainingResult


def epochs_of(done: tuple[TrainingResult, list[Event]]) -> list[Epoch]:
    return [event for event in done[1] if isinstance(event, Epoch)]


def test_tensorboard_holds_every_epoch(
    done: tuple[TrainingResult, list[Event]], tmp_path: Path
) -> None:
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    callback = TensorBoard(tmp_path)
    for event in done[1]:
        callback(event)
    found = reading.EventAccumulator(str(tmp_path))
    found.Reload()
    for name in FIGURES:
        values = [(each.step, each.value) for each in found.Scalars(name)]
        told = [(each.epoch, pytest.approx(getattr(each, name))) for each in epochs_of(done)]
        assert values == told
    (accuracy,) = found.Scalars("accuracy")
    assert accuracy.value == pytest.approx(done[0].evaluation.accuracy)


def test_mlflow_holds_every_epoch(
    done: tuple[TrainingResult, list[Event]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # a database needs more packages
    uri = f"file://{tmp_path}"
    callback = MLflow("shapes", tracking_uri=uri)
    for event in done[1]:
        callback(event)
    client = mlflow.MlflowClient(tracking_uri=uri)
    run = client.get_run(callback.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["accuracy"] == done[0].evaluation.accuracy
    (over,) = (event for event in done[1] if isinstance(event, Done))
    assert run.data.tags["striate.run"] == str(over.run)
    for name in FIGURES:
        values = client.get_metric_history(callback.run_id, name)
        assert [(each.step, each.value) for each in values] == [
            (each.epoch, getattr(each, name)) for each in epochs_of(done)
        ]
    assert MLflow("shapes", tracking_uri=uri).run_id != callback.run_id  # the same experiment
