"""Carries out the experiments and writes experiments.md with their images: make experiments.

What stands in runs/experiment-NAME already is taken as it is; the rest takes some minutes.
"""

from __future__ import annotations

import sys
import textwrap

from drawing import HERE, INCH, write_still

from striate.events import ignore
from striate.teaching.experiments import NAMES, Experiment, experiment
from striate.teaching.experiments.experiment_images import gather_images
from striate.teaching.experiments.experiment_plot import make_still
from striate.teaching.experiments.experiment_run import MOST, USUAL

HEAD = """# What the experiments gave

Written by [draw_experiments.py](draw_experiments.py) (`make experiments`), figures and sentences
alike, as `striate experiment` prints them. Back to [all ideas](../ideas.md#the-experiments).
"""


def section(result: Experiment, width: int) -> str:
    """Write what one experiment gave."""
    made = (result.networks_table(), result.table(), result.measures_table())
    tables = (each.as_text(200) for each in made if each is not None)
    table = "\n\n".join([result.shared_lines(), *tables])
    said = textwrap.fill(" ".join(result.findings), 112)
    return f"""
## {result.name.capitalize()}

    striate experiment {result.name}

{textwrap.fill(f"{result.question} {result.data}; {result.epochs} epochs.", 112)}

<picture>
<source media="(prefers-color-scheme: dark)" srcset="experiment-{result.name}-dark.png">
<img src="experiment-{result.name}.png" width="{width}" alt="{result.question}">
</picture>

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
        material = gather_images("digits", most=MOST.get(name, USUAL), size=None, callback=ignore)
        still = make_still(result, material)
        write_still(f"experiment-{name}", still)
        parts.append(section(result, round(INCH * still.width)))
    (HERE / "experiments.md").write_text("".join(parts), "utf-8")


if __name__ == "__main__":
    main()
