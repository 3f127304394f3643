"""The networks that the page can look into: the first button's, the zoo's, the user's own.

A network has an address, which stands in links: ``digits``, ``zoo/vgg16``, ``here/runs/photos``,
``module/Net``. Those of the zoo take trained weights where they are: in a package, in the cache,
or as a file of the network's name in one of the folders. Else their weights are drawn, and that
is said.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import Lock

from striate.architecture import zoo
from striate.architecture.notation import expand
from striate.backends.onnx import Trained
from striate.backends.torch import build
from striate.data.collection import Collection
from striate.data.images import Preprocess
from striate.errors import ClassifierError, SettingError, StriateError, WeightsError
from striate.explanation.receptive_field_table import ReceptiveFieldTable
from striate.model.classifier import Classifier
from striate.model.importing import import_classifier
from striate.model.loading import load
from striate.model.weights.official import HALF, OFFICIAL
from striate.serving.confined_paths import ConfinedFolders

DIGITS = "digits"
KEPT = 3  # networks that stay in memory
WEIGHTS = (".pth", ".pt", ".th", ".safetensors")
CLASSES = ("imagenet_class_index.json", "imagenet_classes.txt")
NOT_TRAINED = "not trained: the weights are drawn, so the maps show a network before learning"


@dataclass(frozen=True)
class NetworkEntry:
    """A network in the page's list.

    Attributes:
        address: in links.
        title: as people read it.
        group: "digits", "own" or "zoo".
    """

    address: str
    title: str
    group: str


@dataclass(frozen=True, eq=False)
class OpenNetwork:
    """A network that can be looked into.

    Attributes:
        address: in links.
        classifier: the network with its classes and preprocessing.
        note: what must be known beside every map: that it is not trained; "" where nothing.
        data: what training took, for its units' top images; None where it is not known.
        handwritings: the same with what was drawn anew for the pad; None where nothing was.
        lock: held while its module works, since what is recorded hangs on the module.
        spare_lock: held while the spare's module works.
    """

    address: str
    classifier: Classifier
    note: str = ""
    data: str | None = None
    handwritings: Collection | None = field(default=None, repr=False)
    lock: Lock = field(default_factory=Lock, repr=False)
    spare_lock: Lock = field(default_factory=Lock, repr=False)

    @cached_property
    def spare(self) -> Classifier:
        """A copy that is kept, for work that takes long; whoever uses it holds `spare_lock`."""
        return self.copy()

    @cached_property
    def fields(self) -> ReceptiveFieldTable:
        """The receptive fields of its units."""
        return ReceptiveFieldTable(self.classifier)

    def copy(self) -> Classifier:
        """Return the classifier with a module of its own, for work that takes long."""
        own = self.classifier
        with self.lock:  # a module that is recorded has hooks, which its copy would keep
            held = own.network if isinstance(own.network, Trained) else own.to_torch()
        return replace(own, network=held)


class Networks:
    """Lists and opens networks.

    Args:
        folders: what may be read.
        modules: torch modules that were given, by name, as classifiers.
    """

    def __init__(
        self, folders: ConfinedFolders, modules: Mapping[str, Classifier] | None = None
    ) -> None:
        self._folders = folders
        self._modules = dict(modules or {})
        self._digits: OpenNetwork | None = None
        self._open: OrderedDict[str, OpenNetwork] = OrderedDict()
        self._lock = Lock()

    def entries(self) -> list[NetworkEntry]:
        """Return all of them."""
        found = [NetworkEntry(f"module/{name}", name, "own") for name in self._modules]
        for each in self._folders.walk([".safetensors"]):
            path = self._folders.find(each)
            if path.stem in zoo.names():
                continue
            run = path.name == "classifier.safetensors"
            title = each.rpartition("/")[0] if run else each
            found.append(NetworkEntry(title, title, "own"))
        found.insert(0, NetworkEntry(DIGITS, "digits", "digits"))
        found += [
            NetworkEntry(f"zoo/{name}", f"{name}: {zoo.title(name)}", "zoo") for name in zoo.names()
        ]
        return found

    @property
    def has_digits(self) -> bool:
        """Whether the first button's network has learnt."""
        return self._digits is not None

    def keep_digits(self, classifier: Classifier, handwritings: Collection) -> None:
        """Take the first button's network, and what it learnt from."""
        with self._lock:
            self._digits = OpenNetwork(DIGITS, classifier, data=DIGITS, handwritings=handwritings)
            self._open.pop(DIGITS, None)

    def open(self, address: str) -> OpenNetwork:
        """Return the network of an address, ready to be looked into.

        Raises:
            SettingError: there is none of this address; the message says which is missing.
            ClassifierError: its file is damaged.
        """
        with self._lock:
            found = self._open.get(address) or self._read(address)
            self._open[address] = found
            self._open.move_to_end(address)
            while len(self._open) > KEPT:
                self._open.popitem(last=False)
        return found

    def _read(self, address: str) -> OpenNetwork:
        group, _, name = address.partition("/")
        if address == DIGITS:
            if self._digits is None:
                raise SettingError(
                    "the network for digits has not learnt yet: press the button of the first "
                    "screen, it takes seconds"
                )
            return self._digits
        if group == "module":
            if name not in self._modules:
                raise SettingError(
                    f"the network '{name[:80]}' of this link is a torch module of someone's own; "
                    "start the studio with it: striate studio FILE.py:NAME"
                )
            own = self._modules[name]
            return OpenNetwork(address, own, data=self._readable(own.origin.source))
        if group == "zoo":
            return self._of_zoo(address, name)
        path = self._folders.find(address)
        try:
            own = load(path)
        except ClassifierError as error:
            raise ClassifierError(f"'{address}': {error}") from error
        return OpenNetwork(address, own, data=self._readable(own.origin.source))

    def _of_zoo(self, address: str, name: str) -> OpenNetwork:
        if name not in zoo.names():
            raise SettingError(f"there is no network '{name[:80]}' in the zoo")
        plan = expand(zoo.text(name))
        count = plan.output[0]
        classes = self._class_names(count)
        found: list[str | Path] = [*self._given(name), *(["imagenet"] if name in OFFICIAL else [])]
        for weights in found:
            try:
                own = import_classifier(name, weights, classes=classes, offline=True)
            except WeightsError as error:
                if weights != "imagenet":
                    raise WeightsError(f"'{weights}' beside the network: {error}") from error
                continue
            return OpenNetwork(address, own)
        channels, rows, columns = plan.input
        values = HALF if channels == 3 else HALF[:1]
        usual = Preprocess(channels, rows, columns, fit="crop", mean=values, std=values)
        own = Classifier(
            Trained.of(plan, build(plan, seed=0).state_dict()), zoo.text(name), classes, usual
        )
        return OpenNetwork(address, own, NOT_TRAINED)

    def _readable(self, source: str | None) -> str | None:
        """Return where a classifier's images lie, if that is below the folders that are read."""
        if source is None or source == DIGITS:
            return source
        path = Path(source).resolve()
        inside = any(path.is_relative_to(each.path) for each in self._folders.folders)
        return source if inside and path.exists() else None

    def _given(self, name: str) -> list[Path]:
        """Return files of weights that lie in one of the folders and have the network's name."""
        places = [each.path / f"{name}{end}" for each in self._folders.folders for end in WEIGHTS]
        return [path for path in places if path.is_file()][:1]

    def _class_names(self, count: int) -> tuple[str, ...]:
        """Return ImageNet's names where a file of them lies in one of the folders."""
        from striate.model.importing.classes import read_classes

        for folder in self._folders.folders:
            for name in CLASSES:
                path = folder.path / name
                if path.is_file():
                    try:
                        listed = read_classes(path).names
                    except StriateError:
                        continue
                    if len(listed) == count:
                        return listed
        return tuple(f"class {number}" for number in range(count))
