"""Trained networks of timm, written in the notation, so that what comes of them needs no timm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from striate.architecture.notation import expand
from striate.architecture.notation.suggestions import suggestion
from striate.backends.fx import from_torch
from striate.data.images import Preprocess
from striate.errors import NotationError, SettingError, WeightsError
from striate.events import Callback, Note
from striate.features.whole_network import WholeNetwork
from striate.files.home import expand_home
from striate.model import weights
from striate.settings import Settings


def open_timm(
    name: str, settings: Settings, *, say: Callable[[str], None], callback: Callback
) -> WholeNetwork:
    """Return a network of timm with its published weights, or those of a file.

    Args:
        name: as timm has it, with or without the tag of its weights: "resnet18.a1_in1k".
        settings: weights and offline are used.
        say: is told what is otherwise than timm has it.
        callback: is told of a download.

    Raises:
        SettingError: timm cannot be had, or has no such network.
        WeightsError: the weights cannot be had, or do not fit.
        NotationError: the network cannot be written in the notation.
    """
    module, published = _make(name)
    given = settings.weights or "imagenet"
    if given == "imagenet":
        path = _fetch(name, published, offline=settings.offline, callback=callback)
        words = f"timm's {name} with its published weights"
    else:
        path = expand_home(given)
        words = f"timm's {name} with the weights of {path.name}"
    state = weights.read(path, callback=callback)
    own = {key: tuple(value.shape) for key, value in module.state_dict().items()}
    there = {key: tuple(value.shape) for key, value in state.items()}
    wrong = [key for key in own | there if own.get(key) != there.get(key)]
    if wrong:
        raise WeightsError(
            f"the weights of '{path.name}' are not those of timm's {name}: {wrong[0]} is "
            f"{there.get(wrong[0], 'missing')} in the file and {own.get(wrong[0], 'not')} in the "
            f"network ({len(wrong)} in all); give the file that was published for it"
        )
    module.load_state_dict(state)
    try:
        traced = from_torch(module, tuple(published["input_size"]))
    except NotationError as error:
        raise NotationError(
            f"timm's {name} cannot serve as a backbone: {error.message.partition('. ')[0]}; "
            "networks of plain convolutions can, such as timm:resnet18 or timm:mobilenetv2_100"
        ) from error
    return WholeNetwork(
        expand(traced.network),
        traced.weights(module),
        read_preprocess(published, say),
        words,
    )


def read_preprocess(published: Mapping[str, Any], say: Callable[[str], None]) -> Preprocess:
    """Return the preprocessing that timm publishes with weights, as near as ours comes to it.

    >>> published = {"input_size": (3, 224, 224), "crop_pct": 0.875, "interpolation": "bilinear"}
    >>> published |= {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5), "crop_mode": "center"}
    >>> read_preprocess(published, print).crop_ratio
    1.1428571428571428
    """
    channels, rows, columns = published["input_size"]
    mode = published.get("crop_mode", "center")
    shorter = int(min(rows, columns) / published["crop_pct"])
    crop = mode == "center"
    if not crop:
        say(f"its images were fitted by '{mode}'; here they are by 'squash'")
    if published["interpolation"] != "bilinear":
        say(
            f"its images were resized by {published['interpolation']} interpolation; here all "
            "are by bilinear"
        )
    return Preprocess(
        channels,
        rows,
        columns,
        "crop" if crop else "squash",
        mean=tuple(published["mean"]),
        std=tuple(published["std"]),
        crop_ratio=shorter / min(rows, columns) if crop else 1.0,
        draft=True,
    )


def _timm() -> ModuleType:
    """Import timm, or say in one line why it cannot be."""
    try:
        import timm
    except ImportError as error:
        raise SettingError(
            f"a backbone of timm needs the extra: pip install 'striate[timm]' ({error})"
        ) from error
    except RuntimeError as error:  # torchvision of another build than torch
        # to declare its operators here would break the builds that have them
        reason = " ".join(str(error).split())
        raise SettingError(
            f"timm cannot be loaded, since its torchvision does not fit this torch ({reason}); "
            "install torchvision from where torch came from, as pip install torchvision "
            "--index-url https://download.pytorch.org/whl/cpu"
        ) from error
    return timm


def _make(name: str) -> tuple[nn.Module, Mapping[str, Any]]:
    """Return the network without its weights, and what timm publishes with them."""
    timm = _timm()
    if not timm.is_model(name.partition(".")[0]):
        close = suggestion(name, timm.list_models())
        raise SettingError(
            f"timm has no network '{name[:60]}'; "
            + (f"did you mean 'timm:{close}'?" if close else "timm.list_models() lists them")
        )
    try:
        # without weights: our own reader takes them, which runs no pickle and keeps to --offline
        module = timm.create_model(name, pretrained=False)
    except RuntimeError as error:  # the tag
        raise SettingError(f"timm cannot make '{name[:60]}': {error}") from error
    return module.eval(), module.pretrained_cfg


def _fetch(name: str, published: Mapping[str, Any], *, offline: bool, callback: Callback) -> Path:
    """Return the published weights as a file: of the Hugging Face cache, or fetched into it."""
    repository = published.get("hf_hub_id")
    if not repository:
        raise WeightsError(
            f"timm publishes no weights of '{name}' on the Hugging Face hub; give a file: "
            "--weights FILE, or another tag of it"
        )
    from huggingface_hub import hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    from huggingface_hub.utils.tqdm import disable_progress_bars

    file = published.get("hf_hub_filename") or "model.safetensors"
    callback(Note(f"looking for {file} of {repository} on the Hugging Face hub or in its cache"))
    absent = f"'{file}' of {repository} is not in the Hugging Face cache, and {{}}; download it "
    absent += "elsewhere and give it: --weights FILE"
    if offline:  # hf_hub_download(local_files_only=True) asks the hub which program calls it
        cached = try_to_load_from_cache(repository, file)
        if isinstance(cached, str):
            return Path(cached)
        raise WeightsError(absent.format("--offline forbids to fetch it"))
    disable_progress_bars()
    try:
        return Path(hf_hub_download(repository, file))
    except LocalEntryNotFoundError as error:
        raise WeightsError(absent.format("the hub cannot be reached")) from error
    except (HfHubHTTPError, OSError) as error:
        raise WeightsError(
            f"'{file}' of {repository} cannot be fetched ({' '.join(str(error).split())[:200]}); "
            "download it elsewhere and give it: --weights FILE"
        ) from error
