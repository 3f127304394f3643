"""The ten-minute path as a notebook runs from its first cell to its last."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "ten-minutes.ipynb"


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
