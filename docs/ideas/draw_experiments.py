"""Carries out the experiments and writes experiments.md with their images: make experiments.

What stands in runs/experiment-NAME already is taken as it is; the rest takes some minutes.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

from drawing import HERE

from striate.teaching.experiments import NAMES, Experiment, experiment

HEAD = """# What the experiments gave

Written by [draw_experiments.py](draw_experiments.py) (`make experiments`), figures and sentences
alike, as `striate experiment` prints them. Back to [all ideas](../ideas.md#the-experiments).
"""


def section(result: Experiment) -> str:
    """Write what one experiment gave."""
    tables = (each.as_text(200) for each in (result.networks_table(), result.table()))
    table = "\n\n".join([result.shared_lines(), *tables])
    said = textwrap.fill(" ".join(result.findings), 112)
    return f"""
## {result.name.capitalize()}

    striate experiment {result.name}

{textwrap.fill(f"{result.question} {result.data}; {result.epochs} epochs.", 112)}

![{result.question}](experiment-{result.name}.png)

```
{table}
```

{said}
"""


def main() -> None:
    """Carry them out, and write the page."""
    parts = [HEAD]
    for name in NAMES:
        result = experiment(name)
        if result.interrupted:
            sys.exit("stopped; the same command goes on")
        image = Path(result.folder) / f"{name}.png"
        (HERE / f"experiment-{name}.png").write_bytes(image.read_bytes())
        parts.append(section(result))
    (HERE / "experiments.md").write_text("".join(parts), "utf-8")


if __name__ == "__main__":
    main()
