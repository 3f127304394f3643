"""Callbacks that hand a run's figures on to TensorBoard and MLflow, where teams look for them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from striate.errors import SettingError
from striate.events import Done, Epoch, Event

FIGURES: Final = ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "learning_rate")


class TensorBoard:
    """Writes the figures of each epoch where ``tensorboard --logdir`` shows them.

    Args:
        folder: for the event files, such as "logs/photos".

    Raises:
        SettingError: tensorboard is not installed.

    Example: ``train("photos", callback=TensorBoard("logs/photos"), progress=True)``.
    """

    def __init__(self, folder: str | Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise SettingError(
                'TensorBoard is not installed; pip install "striate[tensorboard]"'
            ) from error
        self._writer = SummaryWriter(str(folder))

    def __call__(self, event: Event) -> None:
        """Write an epoch's figures, and at last the accuracy of the evaluation."""
        if isinstance(event, Epoch):
            for name in FIGURES:
                self._writer.add_scalar(name, getattr(event, name), event.epoch)
            self._writer.flush()
        elif isinstance(event, Done):
            self._writer.add_scalar("accuracy", event.accuracy)
            self._writer.close()


class MLflow:
    """Logs the figures of each epoch, and at last the accuracy, as a run of an MLflow experiment.

    Args:
        experiment: its name; it is made where it is not there.
        tracking_uri: where MLflow keeps it; None takes what MLFLOW_TRACKING_URI says.

    Raises:
        SettingError: mlflow is not installed.

    Example: ``train("photos", callback=MLflow("photos"), progress=True)``.
    """

    def __init__(self, experiment: str, *, tracking_uri: str | None = None) -> None:
        try:
            # the client alone, which is all that mlflow-skinny has
            from mlflow import MlflowClient
        except ImportError as error:
            raise SettingError('MLflow is not installed; pip install "striate[mlflow]"') from error
        self._client = MlflowClient(tracking_uri=tracking_uri)
        found = self._client.get_experiment_by_name(experiment)
        number = (
            self._client.create_experiment(experiment) if found is None else found.experiment_id
        )
        self.run_id: str = self._client.create_run(number).info.run_id

    def __call__(self, event: Event) -> None:
        """Log an epoch's figures, and at last the accuracy and the run's folder."""
        if isinstance(event, Epoch):
            for name in FIGURES:
                self._client.log_metric(self.run_id, name, getattr(event, name), step=event.epoch)
        elif isinstance(event, Done):
            self._client.log_metric(self.run_id, "accuracy", event.accuracy)
            self._client.set_tag(self.run_id, "striate.run", str(event.run))
            self._client.set_terminated(self.run_id, "KILLED" if event.interrupted else "FINISHED")
