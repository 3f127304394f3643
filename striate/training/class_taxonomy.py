"""What stands above the classes of a run, by their names."""

from __future__ import annotations

from collections.abc import Callable

from striate.data.collection import format_count, quote_few
from striate.model.decision import Taxonomy
from striate.model.decision.taxonomy import SEPARATOR
from striate.settings import Settings
from striate.training.plan import Plan


def find_taxonomy(
    classes: tuple[str, ...], settings: Settings, *, say: Callable[[str], None]
) -> Taxonomy | None:
    """Return what stands above the classes, and say so; None where nothing does.

    Raises:
        DataError: a class has a name with an empty part.
    """
    taxonomy = Taxonomy.from_names(classes) if settings.taxonomy else None
    if taxonomy is None:
        return None
    say(taxonomy.describe(classes))
    parents = taxonomy.find_parents(classes)
    if parents:
        which = format_count(len(parents), "class stands", "classes stand")
        say(
            f"{which} above others, with images of its own: {quote_few(parents)}; these are learnt "
            "as a class beside the others, and an answer that climbs there means any of them"
        )
    return taxonomy


def check_names(classes: tuple[str, ...], settings: Settings, earlier: Plan | None) -> None:
    """Refuse names that make no taxonomy, before the images of a new run are read.

    Raises:
        DataError: a class has a name with an empty part.
    """
    if earlier is None:
        find_taxonomy(classes, settings, say=lambda line: None)


def keeps_names(plan: Plan) -> bool:
    """Return whether a run took names with slashes as plain ones, as runs did before taxonomies.

    What is made of it takes them so as well, though its settings ask for a taxonomy.
    """
    return plan.taxonomy is None and any(SEPARATOR in name for name in plan.data.classes)
