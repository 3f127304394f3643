"""The electricity that a run takes and the CO2e of it, by codecarbon (an extra), without a network.

Where the processor has counters that can be read (RAPL), and for graphics cards, the energy is
measured. Elsewhere codecarbon estimates it from the load and the rated power of the processor, and
always for the memory. Both are of the whole machine, other programs included.
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from types import TracebackType
from typing import Any

from striate.errors import SettingError
from striate.settings import Settings
from striate.terminal.units import format_energy, format_mass

EVERY = 15.0  # seconds between two readings; counters run over after some minutes
COUNTED = ("Intel Rapl", "Power Gadget", "Windows Emi", "GPU", "AppleSilicon", "Raspberry")
"""What codecarbon's names of the hardware hold where it reads a counter."""
PARTS = {"CPU": "processor", "GPU": "graphics", "RAM": "memory"}


@dataclass(frozen=True)
class Energy:
    """What a run has taken.

    Attributes:
        kwh: kilowatt-hours in all.
        kg_co2e: kilograms of CO2 and of what warms like it, by the electricity of the country.
        processor_kwh: of these the processor's,
        graphics_kwh: the graphics cards',
        memory_kwh: and the memory's.
        seconds: how long was measured.
        country: whose electricity; None for the mean of the world.
        known_by: how, part by part: "processor estimated".

    >>> hour = Energy(0.05, 0.02, 0.03, 0.0, 0.02, 3600.0, "France", ("memory estimated",))
    >>> print(hour + hour)
    100 Wh, 40 g of CO2e (electricity of France; memory estimated)
    """

    kwh: float
    kg_co2e: float
    processor_kwh: float
    graphics_kwh: float
    memory_kwh: float
    seconds: float
    country: str | None
    known_by: tuple[str, ...]

    def __add__(self, other: Energy) -> Energy:
        """Give both together, as for a run that was resumed."""
        return Energy(
            self.kwh + other.kwh,
            self.kg_co2e + other.kg_co2e,
            self.processor_kwh + other.processor_kwh,
            self.graphics_kwh + other.graphics_kwh,
            self.memory_kwh + other.memory_kwh,
            self.seconds + other.seconds,
            other.country,
            tuple(dict.fromkeys((*self.known_by, *other.known_by))),
        )

    def over(self, seconds: float) -> Energy:
        """Give what so many seconds take at the same power.

        >>> second = Energy(1e-5, 4e-6, 6e-6, 0.0, 4e-6, 1.0, None, ())
        >>> round(second.over(60).kwh, 6)
        0.0006
        """
        times = seconds / self.seconds
        return Energy(
            self.kwh * times,
            self.kg_co2e * times,
            self.processor_kwh * times,
            self.graphics_kwh * times,
            self.memory_kwh * times,
            seconds,
            self.country,
            self.known_by,
        )

    def __str__(self) -> str:
        whose = f"electricity of {self.country}" if self.country else "the world's mean electricity"
        return (
            f"{format_energy(self.kwh)}, {format_mass(self.kg_co2e)} of CO2e "
            f"({'; '.join((whose, *self.known_by))})"
        )

    def as_json(self) -> dict[str, Any]:
        """Give plain values, as they stand in run.json."""
        return asdict(self) | {"known_by": list(self.known_by)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Energy:
        """Make it of what `as_json` gave."""
        return cls(**(values | {"known_by": tuple(values["known_by"])}))


class Meter:
    """Measures what this machine takes until it is left; used as a context manager.

    Args:
        country: whose electricity it is, as a code of three letters; None takes the world's mean.
        before: what the run had taken before, where it is resumed.

    Raises:
        SettingError: codecarbon is not installed, does not know the country, or cannot measure.
    """

    def __init__(self, country: str | None = None, before: Energy | None = None) -> None:
        if find_spec("codecarbon") is None:
            raise SettingError(
                "energy is asked for, and codecarbon, which measures it, is not installed: "
                "pip install 'striate[codecarbon]', or leave --energy out"
            )
        self._before = before
        self._taken = _Taken()
        self._heard = _Heard()
        self._logger = logging.getLogger("codecarbon")
        self._tracker = self._tracker_for(country)

    def _tracker_for(self, country: str | None) -> Any:
        # with pandas, which it imports, about 2 s
        from codecarbon import OfflineEmissionsTracker
        from codecarbon.input import DataSource

        self._logger.setLevel(logging.CRITICAL)
        known = DataSource().get_global_energy_mix_data()  # type: ignore[no-untyped-call]
        if country is not None and country not in known:
            near = ", ".join(
                f"{code} ({known[code]['country_name']})"
                for code in sorted(known)
                if code[:2] == country[:2]
            )
            raise SettingError(
                f"country is '{country}', of whose electricity codecarbon knows nothing; expected "
                f"three letters such as {near or 'DEU (Germany)'}"
            )
        tracker = OfflineEmissionsTracker(
            country_iso_code=country,
            output_methods=[],
            output_handlers=[self._taken],
            emissions_endpoint=None,
            electricitymaps_api_token="",  # not None, which would look for one
            allow_multiple_runs=True,
            measure_power_secs=EVERY,
            log_level="error",
        )
        self._logger.handlers = [self._heard]
        return tracker

    def __enter__(self) -> Meter:
        self._tracker.start()
        self._tracker.flush()
        if self._taken.total is None:  # codecarbon passes over its own errors
            why = self._heard.last or "codecarbon gives no figure"
            raise SettingError(f"energy cannot be measured here ({why}); leave --energy out")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tracker.stop()

    def so_far(self) -> Energy:
        """Give what the run has taken up to now, with what it took before it was resumed."""
        self._tracker.flush()
        total = self._taken.total
        energy = Energy(
            kwh=total.energy_consumed,
            kg_co2e=total.emissions,
            processor_kwh=total.cpu_energy,
            graphics_kwh=total.gpu_energy,
            memory_kwh=total.ram_energy,
            seconds=total.duration,
            country=total.country_name,
            known_by=_known_by(self._tracker),
        )
        return energy if self._before is None else self._before + energy


def metering(
    settings: Settings, before: Energy | None = None
) -> AbstractContextManager[Meter | None]:
    """Give the meter of a run, or nothing where none is asked for.

    Args:
        settings: the user's.
        before: what the run had taken before it was resumed.

    >>> with metering(Settings()) as meter:
    ...     print(meter)
    None
    """
    if not settings.energy:
        return nullcontext()
    return Meter(settings.country, before)


class _Taken:
    """What codecarbon gives its readings to, instead of a file: keeps the last one."""

    total: Any = None

    def out(self, total: Any, delta: Any) -> None:
        self.total = total

    def live_out(self, total: Any, delta: Any) -> None:
        self.total = total

    def exit(self) -> None:
        """Do nothing; codecarbon calls this at the end."""


class _Heard(logging.Handler):
    """Keeps the last error that codecarbon told its log."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage()


def _known_by(tracker: Any) -> tuple[str, ...]:
    """Say part by part whether a counter is read, in the order processor, graphics, memory."""
    found = {}
    for told in tracker._conf["hardware"]:  # as "CPU(Intel Rapl)"; there is no public way
        name = next((PARTS[key] for key in PARTS if key in told), "processor")
        measured = any(word in told for word in COUNTED)
        found[name] = f"{name} {'measured' if measured else 'estimated'}"
    return tuple(found[name] for name in PARTS.values() if name in found)
