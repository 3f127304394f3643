"""The shape of the package, held: which way imports point, what stays out, how long a file is.

A room (a folder or file at the top of the package) may import what stands in an earlier line,
never what stands in its own line or a later one; within a room modules may import each other as
long as there is no cycle. docs/design.md says what each room is for.
"""

from __future__ import annotations

import ast
import functools
import graphlib
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "striate"

# The rooms from the ground up; names in one line do not know each other.
ORDER = """
errors events files
settings terminal data
render
architecture
backends
model
features evaluation
explanation doctor
training deployment
teaching
serving
studio_app
cli
__main__
"""

# The methods of a classifier and of its answers that ask later rooms, whose modules are loaded when
# they are called: module -> what it may import all the same.
UPWARD = {
    "model.classifier": {
        "deployment.exporting",
        "evaluation.classifier_evaluation",
        "evaluation.metrics",
        "explanation.attribution_methods",
        "explanation.explanation",
        "explanation.target",
    },
    "model.prediction": {"explanation.explanation"},
}
MOST_ENTRIES = 20  # side by side at the top, beside __init__, its stub, __main__ and py.typed
RANKS = {name: rank for rank, line in enumerate(ORDER.split("\n")) for name in line.split()}

# Loaded in a process of their own, none of these may bring torch along.
WITHOUT_TORCH = """
errors events files settings terminal data render architecture backends.numpy backends.codegen
teaching.convolution teaching.losses teaching.worked_path deployment cli
"""
LONGEST_FILE = 400
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "tools", "core"}


def name_of(path: Path) -> str:
    """striate/data/sources/class_folders.py -> data.folder; striate/data/__init__.py -> data."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


FILES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted(Path(__file__).parent.rglob("*.py"))


@functools.cache  # read where it is tested, not by each process that collects tests
def modules() -> dict[str, ast.Module]:
    return {name_of(path): ast.parse(path.read_text("utf-8"), str(path)) for path in FILES}


@functools.cache
def walk(tree: ast.Module) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree))


def entry_of(module: str) -> str | None:
    """Give the entry of the table a module belongs to: the longest one that it lies in."""
    parts = module.split(".")
    candidates = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((name for name in candidates if name in RANKS), None)


def imported(module: str) -> Iterator[tuple[int, str]]:
    """Give (line, module) of every import from within the package, those in functions too."""
    for node in walk(modules()[module]):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("striate."):
                    yield node.lineno, alias.name.removeprefix("striate.")
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            source = node.module.split(".")
            if source[0] != "striate":
                continue
            for alias in node.names:
                inner = ".".join([*source[1:], alias.name])
                yield node.lineno, inner if inner in modules() else ".".join(source[1:])


@functools.cache
def edges_between() -> dict[str, list[tuple[int, str]]]:
    return {
        module: sorted({(line, target) for line, target in imported(module) if target})
        for module in modules()
        if module
    }


def test_every_module_has_its_place_in_the_order() -> None:
    placeless = [m for m in modules() if m and entry_of(m) is None]
    assert not placeless, f"give {placeless} a line in ORDER, here and in docs/design.md"


def test_imports_point_one_way() -> None:
    wrong = []
    for module, edges in edges_between().items():
        own = entry_of(module)
        for line, target in edges:
            other = entry_of(target)
            if own is None or other is None or own == other:
                continue
            if RANKS[other] >= RANKS[own] and target not in UPWARD.get(module, set()):
                wrong.append(f"{module}, line {line}: may not import {target}")
    assert not wrong, "\n".join(wrong)


def test_what_points_upward_is_loaded_in_functions_alone_and_there() -> None:
    for module, allowed in UPWARD.items():
        assert allowed <= {target for _, target in edges_between()[module]}, "take out what is gone"
        loaded = [node for node in modules()[module].body if isinstance(node, ast.ImportFrom)]
        names = {(node.module or "").removeprefix("striate.") for node in loaded}
        assert not names & allowed


def test_no_module_takes_part_in_an_import_cycle() -> None:
    graph = {
        module: {target for _, target in edges} - {module} - UPWARD.get(module, set())
        for module, edges in edges_between().items()
    }
    tuple(graphlib.TopologicalSorter(graph).static_order())


def test_the_package_is_not_imported_through_its_public_namespace() -> None:
    allowed = {"__version__"}
    wrong = []
    for module, tree in modules().items():
        for node in walk(tree):
            if isinstance(node, ast.Import) and any(
                alias.name == "striate" for alias in node.names
            ):
                wrong.append(f"{module}, line {node.lineno}: import striate")
            if isinstance(node, ast.ImportFrom) and node.module == "striate":
                names = {alias.name for alias in node.names} - allowed - modules().keys()
                wrong += [f"{module}, line {node.lineno}: {name}" for name in sorted(names)]
    assert not wrong, "\n".join(wrong)


def test_imports_are_absolute_and_name_what_they_take() -> None:
    wrong = []
    tests = {path.name: ast.parse(path.read_text("utf-8")) for path in TESTS}
    for module, tree in {**modules(), **tests}.items():
        for node in walk(tree):
            if isinstance(node, ast.ImportFrom):
                if node.level:
                    wrong.append(f"{module}, line {node.lineno}: relative import")
                if any(alias.name == "*" for alias in node.names):
                    wrong.append(f"{module}, line {node.lineno}: import *")
    assert not wrong, "\n".join(wrong)


def test_torchvision_and_its_users_stay_out_of_the_package() -> None:
    wrong = []
    for module, tree in modules().items():
        banned = {"torchvision"} if module == "features.timm_models" else {"torchvision", "timm"}
        for node in walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            wrong += [f"{module}: {n}" for n in names if n.split(".")[0] in banned]
    assert not wrong, wrong


def test_nothing_is_pickled() -> None:
    """No pickle is written, and none is read but with torch's weights_only=True."""
    pickles = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    wrong = []
    for module, tree in modules().items():
        for node in walk(tree):
            place = f"{module}, line {getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Import):
                wrong += [
                    f"{place}: {a.name}" for a in node.names if a.name.split(".")[0] in pickles
                ]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in pickles:
                if [alias.name for alias in node.names] == ["UnpicklingError"]:
                    continue  # what reading safely raises
                wrong.append(f"{place}: from {node.module}")
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "torch.save",
                "torch.load",
            }:
                safe = any(
                    keyword.arg == "weights_only" and ast.unparse(keyword.value) == "True"
                    for keyword in node.keywords
                )
                if ast.unparse(node.func) == "torch.save" or not safe:
                    wrong.append(f"{place}: {ast.unparse(node.func)}")
            elif isinstance(node, ast.keyword) and ast.unparse(node) == "allow_pickle=True":
                wrong.append(f"{module}, line {node.value.lineno}: allow_pickle=True")
    assert not wrong, "\n".join(wrong)


def test_files_are_short_enough_to_read() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in [*FILES, *TESTS]
        if (lines := len(path.read_text("utf-8").splitlines())) >= LONGEST_FILE
    }
    assert not long, f"split these by idea, they have so many lines: {long}"


def test_modules_are_named_after_what_they_are_about() -> None:
    named = [name for name in modules() if NAMELESS & set(name.split("."))]
    assert not named, f"what has no name has no home yet: {named}"


def test_every_module_says_what_it_is() -> None:
    silent = [name for name, tree in modules().items() if not ast.get_docstring(tree)]
    assert not silent, f"without a docstring: {silent}"


def test_every_room_has_its_tests() -> None:
    """tests/ROOM/ mirrors striate/ROOM/; a file at the top has tests/test_FILE.py."""
    tests = Path(__file__).parent
    without = [
        room
        for room in RANKS
        if room not in {"__main__"}
        and not any((tests / room).glob("test_*.py"))
        and not (tests / f"test_{room}.py").is_file()
    ]
    assert not without, f"no tests for {without}"


def test_few_entries_stand_side_by_side_at_the_top() -> None:
    entries = {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}
    entries -= {"__init__.py", "__init__.pyi", "__main__.py", "py.typed"}
    assert {name.removesuffix(".py") for name in entries} == set(RANKS) - {"__main__"}
    assert len(entries) <= MOST_ENTRIES


MODULES_IN_PUBLIC = {"architecture", "errors", "evaluation", "explanation", "teaching"} | {
    "weights",
    "zoo",
}
VALUES_IN_PUBLIC = {"striate.teaching.FILTERS"}
NAMESPACES = ("", "architecture", "evaluation", "explanation", "teaching")  # st and those within it


def test_a_public_name_is_what_it_was_after_every_module_is_loaded() -> None:
    """A submodule of the same name would have taken its place: st.train would be a module."""
    for name in modules():
        if name and "__main__" not in name:
            importlib.import_module(f"striate.{name}")
    found = set()
    for space in NAMESPACES:
        place = importlib.import_module(f"striate.{space}".rstrip("."))
        for name in place.__all__:
            value = getattr(place, name)
            if isinstance(value, ModuleType):
                found.add(name)
            elif callable(value):
                assert getattr(value, "__name__", name) == name
            else:
                assert f"{place.__name__}.{name}" in VALUES_IN_PUBLIC
    assert found == MODULES_IN_PUBLIC


def test_no_module_has_the_name_of_a_public_function_beside_it() -> None:
    for space in NAMESPACES:
        stub = (PACKAGE / space / "__init__.pyi").read_text("utf-8")
        names = set(re.findall(r" import (\w+) as ", stub)) - MODULES_IN_PUBLIC
        inside = {name.removeprefix(f"{space}.").split(".")[0] for name in modules() if name}
        assert not names & (inside if space else {name.split(".")[0] for name in modules()})


LOOSE_BY_NATURE = {"as_json", "from_json", "__deepcopy__", "__getstate__", "__torch_dispatch__"}


def is_loose(annotation: ast.expr) -> bool:
    """Whether it holds a dict or Mapping whose values may be anything."""
    for node in ast.walk(annotation):
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple):
            continue
        kind, value = ast.unparse(node.value).rpartition(".")[2], node.slice.elts[-1]
        anything = [part for part in ast.walk(value) if isinstance(part, ast.Name)]
        within_callable = any(ast.unparse(part).startswith("Callable") for part in ast.walk(value))
        loose = any(part.id in ("Any", "object") for part in anything)
        if loose and kind.endswith(("dict", "Mapping")) and not within_callable:
            return True
    return False


def loose_places(module: str) -> Iterator[str]:
    """Give every parameter, attribute and return value of a module that is so."""
    for node in walk(modules()[module]):
        if isinstance(node, ast.Module | ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.AnnAssign) and is_loose(each.annotation):
                    yield f"{module}: {ast.unparse(each.target)}"
        elif isinstance(node, ast.FunctionDef) and node.name not in LOOSE_BY_NATURE:
            given = node.args
            arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg]
            for argument in filter(None, [*arguments, given.kwarg]):
                if argument.annotation is not None and is_loose(argument.annotation):
                    yield f"{module}.{node.name}: {argument.arg}"
            if node.returns is not None and is_loose(node.returns):
                yield f"{module}.{node.name}: what it returns"


# Where JSON or the arguments of others are first read, and what an older version wrote.
LOOSE = {
    "backends.fx": "the keyword arguments of a torch.fx node",
    "architecture.aspects.joint: operands": "the keyword arguments of a torch.fx node",
    "architecture.aspects.torch_reading": "the keyword arguments of a torch.fx node",
    "architecture.aspects.word.defaults": "the arguments of a word that may be left out",
    "architecture.words.joins.operands": "the keyword arguments of a torch.fx node",
    "features.timm_models": "what timm publishes of a model",
    "model.importing.keras": "the configuration of a Keras model, a JSON of Keras's",
    "model.run_folder": "run.json, before it is known which format it has",
    "model.weights.checkpoint_file": "what torch.load gives of a foreign file",
    "model.weights.name_map": "a map of names, a JSON file of the user's",
    "render.figure_files: WHITE": "matplotlib's rcParams",
    "render.palette: LOOK": "matplotlib's rcParams",
    "training.record_of_2026_11": "run.json of format 1",
}


def test_no_dict_of_anything_goes_from_one_function_to_another() -> None:
    found = {place for module in modules() for place in loose_places(module)}
    wrong = {place for place in found if not place.startswith(tuple(LOOSE))}
    assert not wrong, "give these a frozen dataclass:\n" + "\n".join(sorted(wrong))
    unused = [room for room in LOOSE if not any(place.startswith(room) for place in found)]
    assert not unused, f"no longer needed: {unused}"


PROBE = """
import importlib, json, sys
heavy = ("torch", "numpy", "PIL", "sklearn", "matplotlib", "jinja2")
loaded = {}
for name in ["striate", *sys.argv[1:]]:
    importlib.import_module(name)
    loaded[name] = [module for module in heavy if module in sys.modules]
print(json.dumps(loaded))
"""


# What works on tensors or is a torch module, and is loaded in functions alone.
ON_TENSORS = {
    "data.augmentation",
    "architecture.aspects.onnx_module",
    "architecture.aspects.torch_modules",
}


def test_what_need_not_load_torch_does_not() -> None:
    names = [
        f"striate.{module}"
        for module in modules()
        if module not in ON_TENSORS
        and any(f"{module}.".startswith(f"{room}.") for room in WITHOUT_TORCH.split())
    ]
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *names], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = json.loads(done.stdout)
    assert loaded["striate"] == [], "importing striate loads more than itself"
    assert [name for name, found in loaded.items() if "torch" in found] == []
    assert [name for name, found in loaded.items() if "matplotlib" in found] == []
    assert [name for name, found in loaded.items() if "jinja2" in found] == []
