"""What NETWORK may be on the command line: a text, a name, a file, a run, a torch module."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from striate.cli.messages import say
from striate.errors import NotationError
from striate.files.home import expand_home

if TYPE_CHECKING:
    from torch import nn

    from striate.architecture.notation import Network
    from striate.architecture.words import Shape

SHAPE = re.compile(r"[0-9]+(\s*[xX]\s*[0-9]+){2}")
CLASSIFIER = "classifier.safetensors"
LARGEST = 1_000_000  # along each side of an image, and of channels
MODULE = re.compile(r"(?P<where>(?:[A-Za-z]:)?[\w./\\~-]+):(?P<name>[A-Za-z_]\w*)")


def given(pieces: list[str], shape: str | None) -> str | Network:
    """Give the network that the command line names: its text, or what a torch module comes to.

    Args:
        pieces: the arguments; there is one, unless the shell has taken a text apart.
        shape: what --input says.

    Raises:
        NotationError: it is in pieces, empty, not there or cannot be read.
    """
    if len(pieces) > 1:
        shown = " ".join(pieces)
        raise NotationError(
            f"the network came in {len(pieces)} pieces ({shown[:60]}); put it in quotes, as the "
            "shell takes it apart and sends the output to a file at '>': "
            'striate describe "conv 8 > relu"'
        )
    network = pieces[0]
    named = MODULE.fullmatch(network.strip())
    if named is None:
        return text_of(network)
    return traced(named["where"], named["name"], shape_of(shape))


def traced(where: str, name: str, shape: Shape | None) -> Network:
    """Give the network that a torch module of the user's own code comes to.

    Args:
        where: a Python file, or a module that can be imported, as in ``package.module``.
        name: of a ``torch.nn.Module`` there, or of a class or function that gives one.
        shape: (channels, rows, columns) of what goes in.

    Raises:
        NotationError: it is not there, is no module, or cannot be written in the notation.
    """
    module, given = find_module(where, name, shape)
    from striate.backends.fx import from_torch

    result = from_torch(module, given)
    if result.unused:
        names = ", ".join(result.unused[:5]) + (", ..." if len(result.unused) > 5 else "")
        say(f"left out, as the output does not depend on them: {names}")
    return result.network


def find_module(where: str, name: str, shape: Shape | None) -> tuple[nn.Module, Shape]:
    """Return a torch module of the user's own code, and the shape that goes in.

    Args:
        where: a Python file, or a module that can be imported, as in ``package.module``.
        name: of a ``torch.nn.Module`` there, or of a class or function that gives one.
        shape: (channels, rows, columns) of what goes in.

    Raises:
        NotationError: it is not there or is no module, or the shape is missing.
    """
    if where.endswith(".py") and not expand_home(where).is_file():
        raise NotationError(f"there is no file '{where}'")
    if shape is None:
        raise NotationError(
            f"'{where}:{name}' is a torch module, which does not say what goes in; "
            "give --input, as in --input 3x224x224"
        )
    from torch import nn

    found = getattr(_module(where), name, None)
    if found is None:
        raise NotationError(f"'{where}' has no '{name}'")
    if not isinstance(found, nn.Module) and callable(found):
        found = _called(found, where, name)
    if not isinstance(found, nn.Module):
        raise NotationError(
            f"'{where}:{name}' is {type(found).__name__}; expected a torch.nn.Module, or a class "
            "or function that gives one"
        )
    return found, shape


def _module(where: str) -> object:
    """Import the user's own code, a file or by name."""
    import importlib
    import importlib.util

    path = expand_home(where)
    if path.suffix == ".py":
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise NotationError(f"'{where}' cannot be read as Python")
        module = importlib.util.module_from_spec(spec)
        sys.path.insert(0, str(path.parent.resolve()))  # what lies beside it, it may import
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            raise _failed(error, path.parent) from error
        finally:
            sys.path.pop(0)
        return module
    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(where)
    except (Exception, SystemExit) as error:
        if isinstance(error, SyntaxError) or _own(error, Path.cwd()):
            raise _failed(error, Path.cwd()) from error
        raise NotationError(
            f"'{where}' cannot be imported ({error}); expected FILE.py:NAME or PACKAGE.MODULE:NAME"
        ) from error
    finally:
        sys.path.pop(0)


def _called(make: Callable[..., nn.Module], where: str, name: str) -> nn.Module:
    import inspect

    try:
        inspect.signature(make).bind()
    except TypeError as error:
        raise NotationError(
            f"'{where}:{name}' cannot be called without arguments ({error}); "
            "make the module in a function that needs none, and name that"
        ) from error
    try:
        return make()
    except (Exception, SystemExit) as error:
        path = expand_home(where)
        raise _failed(error, path.parent if path.suffix == ".py" else Path.cwd()) from error


def _own(error: BaseException, folder: Path) -> list[tuple[str, int]]:
    """Give the files and lines of the user's own code that an error went through."""
    import traceback

    places = [
        (frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)
    ]
    return [
        (name, line)
        for name, line in places
        if Path(name).resolve().is_relative_to(folder.resolve())
        and "site-packages" not in Path(name).parts
        and Path(name) != Path(__file__)
        and not name.startswith("<")
    ]


def _failed(error: BaseException, folder: Path) -> NotationError:
    """Say in a line where the user's own code fails, and with what."""
    if isinstance(error, SyntaxError) and error.filename:
        name, line = error.filename, error.lineno or 0
        said = error.msg
    else:
        name, line = (_own(error, folder) or [("your own code", 0)])[-1]
        said = " ".join(str(error).split())
    place = f"{name}, line {line}" if line else name
    return NotationError(f"{place}: {type(error).__name__}: {said[:300]}; mend it there")


def shape_of(text: str | None) -> tuple[int, ...] | None:
    """Read "3x224x224" as three numbers.

    >>> shape_of("3x224x224")
    (3, 224, 224)
    """
    if text is None:
        return None
    sizes = re.findall(r"0*([0-9]+)", text) if SHAPE.fullmatch(text.strip()) else []
    shape = tuple(int(size) for size in sizes if len(size) <= len(str(LARGEST)))
    if len(shape) != 3 or not all(0 < size <= LARGEST for size in shape):
        raise NotationError(
            f"--input is '{text[:60]}'; expected channels x rows x columns, each from 1 to "
            f"{LARGEST:,}, as 3x224x224"
        )
    return shape


def text_of(network: str) -> str:
    """Give the network's text: itself, a known network's name, or what stands in the file."""
    from striate.architecture import zoo
    from striate.architecture.notation import file_named, text_in

    if not network.strip():
        raise NotationError("the network is empty; give a text such as 'conv 8 > relu > fc'")
    # before files: else the same command would mean something else in another folder
    if zoo.is_name(network):
        if Path(network).exists():
            say(f"{network} is the known network; for the file or folder write ./{network}")
        return network
    path = file_named(network.strip())
    if path is None:
        return network
    if (path / CLASSIFIER).is_file():
        return text_inside(path / CLASSIFIER)
    if path.suffix == ".safetensors":
        return text_inside(path)
    return text_in(path)


def text_inside(path: Path) -> str:
    """Read the network's text out of a classifier's file, without torch."""
    import json

    try:
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        text = json.loads(header["__metadata__"]["striate"])["network"]
    except OSError as error:
        raise NotationError(f"'{path}' cannot be read: {error.strerror}") from error
    except (
        ValueError, LookupError, TypeError, OverflowError, MemoryError, RecursionError
    ) as error:  # fmt: skip
        raise NotationError(f"'{path}' is not a classifier that Striate saved ({error})") from error
    if not isinstance(text, str):
        raise NotationError(f"'{path}' was made with a torch module; it has no network text")
    return text
