"""The studio opens with what it was given, and says what to do where something is missing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from live_studio import live_studio
from torch import nn

from striate.cli.studio import sort_out
from striate.data.images import Preprocess
from striate.errors import NotationError, SettingError
from striate.studio_app import opening
from striate.studio_app.opening import open_studio, show, to_classifier

ROOT = Path(__file__).parents[2]


class Odd(nn.Module):
    """A step that is no layer: its own code doubles what goes in."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layers(x * 2 if x.sum() > 0 else x)  # type: ignore[no-any-return]


def test_a_module_becomes_a_network_of_the_notation_where_it_can() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(72, 3))
    found = to_classifier(module, Preprocess(1, 8, 8))
    values = torch.randn(2, 1, 8, 8)
    with torch.no_grad():
        assert torch.allclose(found.module(values), module.eval()(values), atol=1e-5)
    assert found.text is not None and found.classes == ("class 0", "class 1", "class 2")


def test_a_module_that_cannot_be_written_is_looked_into_as_it_is() -> None:
    module = Odd()
    found = to_classifier(module, Preprocess(1, 8, 8))
    assert found.text is None and found.module is module


def test_a_module_that_gives_no_classes_is_refused() -> None:
    with pytest.raises(SettingError, match="expected a number a class"):
        to_classifier(nn.Conv2d(1, 2, 3), Preprocess(1, 8, 8))
    with pytest.raises(SettingError, match="--input"):
        to_classifier(nn.Conv2d(1, 2, 3), None)


def test_the_command_takes_a_folder_and_a_module(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(
        "from torch import nn\n"
        "def net():\n    return nn.Sequential(nn.Flatten(), nn.Linear(16, 2))\n",
        "utf-8",
    )
    folder, modules = sort_out([str(tmp_path), f"{file}:net"], "1x4x4")
    assert folder == tmp_path and modules["net"].preprocess.shape == (1, 4, 4)
    with pytest.raises(NotationError, match="give --input"):
        sort_out([f"{file}:net"], None)
    with pytest.raises(NotationError, match="has no 'other'"):
        sort_out([f"{file}:other"], "1x4x4")
    with pytest.raises(SettingError, match="are 2 folders; give one"):
        sort_out([str(tmp_path), str(ROOT)], None)
    with pytest.raises(SettingError, match="is no folder"):
        sort_out([str(tmp_path / "none")], None)


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(opening, "NEEDED", ("uvicorn", "no_such_package"))
    with pytest.raises(SettingError, match=r"striate\[studio\]'.*no_such_package"):
        open_studio(tmp_path)


def test_a_link_stands_behind_the_token(tmp_path: Path) -> None:
    link = "http://127.0.0.1:9/?x=1#room=inside&network=digits"
    opened = open_studio(tmp_path, link=link)
    opened.listening.close()
    assert opened.address.endswith("#room=inside&network=digits")
    assert opened.address.count("#") == 1 and "token=" in opened.address.partition("#")[0]


def test_no_window_is_opened_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "a 1 b 2")
    assert not show("http://127.0.0.1:1/")


def test_the_studio_ends_when_it_is_told_to(tmp_path: Path) -> None:
    with live_studio(tmp_path) as live:
        assert live.ask("/").status == 403
    with pytest.raises(ConnectionRefusedError):
        live.ask("/")


def test_ctrl_c_before_the_server_answers_ends_it_too(tmp_path: Path) -> None:
    opened = open_studio(tmp_path)
    with pytest.raises(KeyboardInterrupt), opened.ended_by_ctrl_c():
        signal.raise_signal(signal.SIGINT)
        opened.run()
    assert opened.listening.fileno() == -1  # closed at the end


LOADED_BY_VERBS = """
training.runs training.seeds training.report_again evaluation.comparison model.importing.from_zoo
explanation.inspection explanation.unit_inspection explanation.page backends.profiler backends.fx
teaching.convolution teaching.experiments doctor.examination features.timm_models
"""
PROBE = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print([name for name in ("pydantic", "fastapi", "starlette", "uvicorn") if name in sys.modules])
"""


def test_the_studio_alone_loads_pydantic_and_fastapi() -> None:
    """What it takes half a second to load is loaded by no other verb, nor by `import striate`."""
    package = ROOT / "striate"
    names = [f"striate.cli.{path.stem}" for path in (package / "cli").glob("[a-z]*.py")]
    names += [f"striate.{name}" for name in LOADED_BY_VERBS.split()]
    assert "striate.cli.studio" in names
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *names], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_page_s_words_stand_in_one_file_and_no_other_host_is_named() -> None:
    page = ROOT / "striate" / "studio_app" / "page"
    for path in sorted(page.rglob("*.*")):
        text = path.read_text("utf-8")
        addresses = [line for line in text.splitlines() if "http://" in line or "https://" in line]
        allowed = ("http://www.w3.org/2000/svg", "github.com/yosinski", "location.")
        assert all(any(one in line for one in allowed) for line in addresses), path.name
        assert "innerHTML" not in text and "eval(" not in text, path.name
