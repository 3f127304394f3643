"""The electricity of a run: its figures, where they are said, how they add up, what is refused."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from quick_runs import QUICK, TINY, record

from striate.errors import SettingError
from striate.events import Done, Epoch, Event, ignore
from striate.settings import Settings
from striate.terminal.units import format_energy, format_mass
from striate.training.energy import Energy, Meter, metering
from striate.training.runs import resume, start_run

ROOT = Path(__file__).parents[2]
HOUR = Energy(0.05, 0.02, 0.03, 0.0, 0.02, 3600.0, "France", ("memory estimated",))

needs_codecarbon = pytest.mark.skipif(
    importlib.util.find_spec("codecarbon") is None, reason="codecarbon is not installed"
)


def test_energies_add_up_and_scale_part_by_part() -> None:
    measured = replace(HOUR, known_by=("processor measured", "memory estimated"))
    both = HOUR + measured
    assert (both.kwh, both.kg_co2e, both.seconds) == (0.1, 0.04, 7200.0)
    assert both.known_by == ("memory estimated", "processor measured")
    half = HOUR.over(1800)
    assert half.kwh == pytest.approx(0.025)
    assert half.processor_kwh + half.memory_kwh == pytest.approx(half.kwh)
    assert Energy.from_json(both.as_json()) == both


def test_figures_have_three_digits_and_a_unit_that_suits() -> None:
    assert [format_energy(kwh) for kwh in (1e-6, 0.1234, 12.345)] == [
        "1 mWh",
        "123 Wh",
        "12.3 kWh",
    ]
    assert [format_mass(kg) for kg in (0.000381, 4.0)] == ["0.381 g", "4 kg"]


@needs_codecarbon
def test_a_meter_counts_on_and_writes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with Meter("DEU") as meter:
        first = meter.so_far()
        end = time.perf_counter() + 0.5
        while time.perf_counter() < end:
            pass
        second = meter.so_far()
    assert second.kwh > first.kwh
    assert 0.5 <= second.seconds - first.seconds < 5
    parts = second.processor_kwh + second.graphics_kwh + second.memory_kwh
    assert parts == pytest.approx(second.kwh)
    assert second.country == "Germany"
    assert 0.2 < second.kg_co2e / second.kwh < 0.6  # kilograms a kilowatt-hour in Germany
    assert {told.split()[0] for told in second.known_by} >= {"processor", "memory"}
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@needs_codecarbon
def test_a_meter_goes_on_from_what_was_taken_before_and_takes_the_world_s_mean() -> None:
    with Meter(before=HOUR) as meter:
        energy = meter.so_far()
    assert energy.country is None
    assert "the world's mean electricity" in str(energy)
    assert 0.05 < energy.kwh < 0.051
    assert 3600 < energy.seconds < 3610


@needs_codecarbon
def test_an_unknown_country_is_refused_with_those_that_are_near() -> None:
    with pytest.raises(SettingError, match=r"country is 'FRX'.*FRA \(France\)"):
        Meter("FRX")


def test_a_country_without_energy_is_refused() -> None:
    with pytest.raises(SettingError, match="add --energy, or leave it out"):
        Settings(country="DEU").check()
    with metering(Settings()) as meter:
        assert meter is None


def test_without_codecarbon_one_line_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "sys.modules['codecarbon'] = None  # as if it were not installed\n"
        "from striate.cli import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "train", "digits", "--energy", "--out", "run"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'striate[codecarbon]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@needs_codecarbon
def test_a_run_says_what_it_took_and_a_longer_one_adds_to_it(photos: Path, tmp_path: Path) -> None:
    told: list[Event] = []
    out = tmp_path / "run"
    settings = replace(QUICK, energy=True, country="FRA")
    start_run(photos, TINY, out=out, settings=settings, callback=told.append)
    taken = record(out).energy
    assert taken is not None
    done = told[-1]
    assert isinstance(done, Done)
    assert (done.kwh, done.kg_co2e) == (taken.kwh, taken.kg_co2e)
    assert taken.kwh > 0
    page = (out / "report.html").read_text("utf-8")
    assert "of CO2e (electricity of France" in page
    assert "--energy --country FRA" in page.replace("</span>", "").replace("<span>", "")

    epochs = sum(isinstance(event, Epoch) for event in told)
    resume(out, epochs=epochs + 1, callback=ignore)
    more = record(out).energy
    assert more is not None
    assert more.kwh > taken.kwh
    assert more.seconds > taken.seconds


def test_a_run_that_was_not_measured_says_nothing_of_energy(
    done: tuple[object, list[Event]],
) -> None:
    last = done[1][-1]
    assert isinstance(last, Done)
    assert last.kwh is None
    assert record(last.run).energy is None
