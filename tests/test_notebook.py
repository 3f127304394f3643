"""The ten-minute path as a notebook runs from its first cell to its last."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "ten-minutes.ipynb"
HOT_DOG = ROOT / "docs" / "hotdog.ipynb"


# The kernel's own start-up warns, differently in each version; its cells' warnings stay inside it.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_notebook_runs_and_shows_its_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "jupyter"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    budget = [cell for cell in notebook.cells if "epochs = None" in cell.source]
    assert len(budget) == 1
    budget[0].source = budget[0].source.replace("epochs = None", "epochs = 2")

    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()

    outputs = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    assert [o.name for o in outputs if o.output_type == "stream" and o.name == "stderr"] == []
    shown = [o.data["text/html"] for o in outputs if "text/html" in o.get("data", {})]
    assert sum("<table" in html for html in shown) >= 3
    assert sum("<img" in html for html in shown) >= 4  # curves, matrix and worst, image, heat map
    runs = [cell for cell in notebook.cells if "st.train(" in cell.source]
    assert [len(cell.outputs) for cell in runs] == [2]  # the line of progress, and the result
    assert not any('{"' in re.sub(r"<[^>]*>", "", html) for html in shown)  # no raw JSON
    assert (tmp_path / "runs" / "digits" / "report.html").exists()


def zip_hot_dogs(source: Path, target: Path, *, most: int) -> None:
    """Zip some images of two classes, each in its folder."""
    with zipfile.ZipFile(target, "w") as archive:
        for folder in sorted(source.iterdir()):
            for file in sorted(folder.iterdir())[:most]:
                archive.write(file, f"hotdog/{folder.name}/{file.name}")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_hot_dog_or_not_runs_on_a_zip_of_two_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: Callable[[str], Path]
) -> None:
    zip_hot_dogs(shared("data/hotdog64/train"), tmp_path / "hotdog.zip", most=150)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "jupyter"))
    notebook = nbformat.read(HOT_DOG, as_version=4)  # type: ignore[no-untyped-call]
    cells = [cell for cell in notebook.cells if '"seed": 1' in cell.source]
    assert len(cells) == 1
    cells[0].source = cells[0].source.replace('"seed": 1', '"seed": 1, "epochs": 4')

    client = NotebookClient(notebook, timeout=200, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()

    said = [
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stdout"
    ]
    found = re.search(r"accuracy (\d+\.\d)% of (\d+), .*larger class: (\d+\.\d)%", "".join(said))
    assert found is not None
    assert (int(found[2]), found[3]) == (60, "50.0")
    assert re.search(r"hotdog/(not_)?hot_dog/\d+\.jpg -> (not_)?hot_dog \d+\.\d%", "".join(said))
    assert (tmp_path / "hotdog.safetensors").is_file()
