"""Processes that work together, connected by Lightning Fabric."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from lightning_fabric import Fabric
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning_fabric.strategies.ddp import DDPStrategy

from striate.backends.precision import Precision
from striate.terminal.quiet_loggers import quiet
from striate.training.distributed.process_group import Workers

if TYPE_CHECKING:
    from striate.training.distributed.single_process import AnyFabric

PATIENCE = timedelta(hours=12)  # one process waits for another, which may read a large folder


def connect(
    name: str,
    way: Precision,
    workers: Workers,
    *,
    launch: Callable[[AnyFabric], None] | None = None,
) -> Fabric:
    """Make the Fabric of one of several processes; arguments as for `fabric_for`."""
    fabric = Fabric(
        accelerator=name,
        devices=workers.local_size,
        num_nodes=workers.nodes,
        # not by running the command again: that begins the user's program anew in each process,
        # and ends the first by SIGKILL, without a line, when another is lost
        strategy=QuietDDP(start_method="spawn" if launch else "popen", timeout=PATIENCE),
        precision=way.fabric,  # type: ignore[arg-type]
        plugins=[TorchElasticEnvironment() if workers.launched else LightningEnvironment()],
    )
    if launch is not None:
        fabric.launch(launch)
    else:
        fabric.launch()
    return fabric


class QuietDDP(DDPStrategy):
    """Fabric's way to connect processes, without the lines it logs about itself."""

    def setup_environment(self) -> None:
        """Connect this process with the others."""
        with quiet("lightning_fabric"):
            super().setup_environment()
