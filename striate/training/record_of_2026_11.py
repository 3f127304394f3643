"""run.json as it was written until November 2026 (format 1), turned into that of today."""

from __future__ import annotations

from typing import Any

from striate.settings import Settings


def converted(old: dict[str, Any]) -> dict[str, Any]:
    """Return a record of format 1 as one of format 2.

    Args:
        old: what the file holds.

    Raises:
        KeyError: something is missing.
    """
    settings = Settings.from_json(old["settings"])
    chosen, machine = old["chosen"], old["machine"]
    transfer = None if chosen is None else chosen.get("transfer")
    return {
        "request": {
            "source": old["data"]["source"],
            "network": old["network_given"],
            "is_module": old["module_given"],
            "from_scratch": old.get("from_scratch", old["network_given"] is not None),
            "settings": settings.as_json(),
        },
        "environment": {"versions": old["versions"], **machine},
        "started": old["started"],
        "status": old["status"],
        "plan": None if chosen is None else _plan(old["data"], chosen, settings, old.get("body")),
        "cycles": old["cycles"],
        "notes": old["notes"],
        "head": None if transfer is None else _head(transfer),
        "health": old.get("health", []),
        "energy": old.get("energy"),
        "speed": _speed(old.get("reached"), chosen),
        "outcome": _outcome(old),
    }


def _plan(
    data: dict[str, Any], chosen: dict[str, Any], settings: Settings, body: str | None
) -> dict[str, Any]:
    names = ("name", "kind", "skipped", "classes", "counts", "fingerprint")
    transfer = chosen.get("transfer")
    return {
        "data": {**{name: data[name] for name in names}, "images": data["pictures"]},
        "network": chosen["network"],
        "preprocess": chosen["preprocess"],
        "recipe": {
            "batch_size": chosen["batch"],
            "learning_rate": chosen["learning_rate"],
            "weight_decay": settings.weight_decay,
            "label_smoothing": settings.label_smoothing,
            "class_weight": chosen["class_weights"],
            "augmentation": chosen["augmentation"],
            "patience": settings.patience,
            "precision": chosen["precision"],
            "seed": settings.seed,
            "lr_multipliers": [] if transfer is None else transfer["shares"],
            "freeze_bn": transfer is not None and settings.freeze_bn,
        },
        "epochs": chosen["epochs"],
        "minutes": chosen["minutes"],
        "threads": chosen["threads"],
        "device": chosen["device"],
        "world_size": chosen.get("processes", 1),
        "transfer": None if transfer is None else _transfer(transfer, settings, body),
        "rates": chosen["measured"],
        "task": "single_label",
    }


def _transfer(old: dict[str, Any], settings: Settings, body: str | None) -> dict[str, Any]:
    return {
        "pretrained": settings.pretrained or body or "",
        "backbone": old["body"],
        "features": old["features"],
        "resized": old["resized"],
        "number_format": "" if settings.precision == "auto" else settings.precision,
        "n_augmented": old["versions"],
    }


def _head(transfer: dict[str, Any]) -> dict[str, Any] | None:
    head = transfer.get("head")  # missing until it is learnt
    if head is None:
        return None
    return {
        "engine": transfer["way"],
        "weight_decay": head["strength"],
        "folds": head["folds"],
        "tried": head["tried"],
    }


def _speed(old: dict[str, Any] | None, chosen: dict[str, Any] | None) -> dict[str, Any] | None:
    if old is None or chosen is None:
        return None
    number_format = chosen["precision"].split()[0]
    return {
        "images_per_second": old["pictures_per_second"],
        "utilization": {
            "operations": old["operations"],
            "peak": old[number_format],
            "number_format": number_format,
        },
    }


def _outcome(old: dict[str, Any]) -> dict[str, Any] | None:
    if "result" not in old:
        return None
    return {
        "epochs": old["epochs_done"],
        "best_epoch": old["best_epoch"],
        "seconds": old["seconds"],
        "evaluation": old["result"],
    }
