"""The command line: ``striate VERB``, one short function a verb.

The verbs load what they need when they are called, so that ``striate --help`` is instant.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import io
import itertools
import os
import stat
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from striate.cli.check import check
from striate.cli.compare import compare
from striate.cli.convolve import convolve
from striate.cli.describe import describe
from striate.cli.evaluate import evaluate
from striate.cli.experiment import experiment
from striate.cli.explain import explain
from striate.cli.export import export
from striate.cli.forget import forget
from striate.cli.import_ import import_
from striate.cli.label import label
from striate.cli.loss import loss
from striate.cli.predict import predict
from striate.cli.report import report
from striate.cli.studio import studio
from striate.cli.train import declare_options, train
from striate.cli.verify import verify
from striate.cli.zoo import zoo
from striate.errors import NotationError, StriateError

# What the system refuses through no fault of ours; every other OSError shows its traceback.
REFUSED = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EFBIG,
    errno.ENAMETOOLONG,
    errno.ENOSPC,
    errno.EPERM,
    errno.EROFS,
}

# New objects between two searches for cycles that nothing refers to. At Python's 700 these took a
# quarter of a second while torch is loaded.
SELDOM = 50_000

STOPPED = 130  # how a shell counts a program that Ctrl-C ended

VERBS: dict[str, Callable[..., None]] = {
    "check": check,
    "label": label,
    "train": train,
    "report": report,
    "forget": forget,
    "evaluate": evaluate,
    "compare": compare,
    "predict": predict,
    "describe": describe,
    "explain": explain,
    "convolve": convolve,
    "loss": loss,
    "experiment": experiment,
    "zoo": zoo,
    "import": import_,
    "export": export,
    "verify": verify,
    "studio": studio,
}


def show_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        from striate import __version__

        typer.echo(f"striate {__version__}")
        raise typer.Exit


def striate(
    version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Take what holds for every verb."""


def application(words: Sequence[str] | None = None) -> typer.Typer:
    """Make the command line.

    Args:
        words: what was typed. The options of a verb that is not among them are left out, since
            reading a hundred options takes longer than most of what is asked. None reads all.
    """
    made = typer.Typer(
        name="striate",
        help="A folder of images in; a convolutional classifier out that you understand, "
        "can trust and can ship.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    made.callback()(striate)
    if words is None or "train" in words:
        declare_options()
    for name, verb in VERBS.items():
        made.command(name)(verb if words is None or name in words else _listed(verb))
    return made


def _listed(verb: Callable[..., None]) -> Callable[[], None]:
    """Stand for a verb where it is listed only."""

    def stand_in() -> None: ...

    stand_in.__doc__ = verb.__doc__
    return stand_in


def __getattr__(name: str) -> typer.Typer:
    """Make ``app``, with every option of every verb, when it is asked for."""
    if name != "app":
        raise AttributeError(f"module 'striate.cli' has no attribute '{name}'")
    return application()


def main() -> None:
    """Run the command line: one clear line for a user's mistake, a traceback for ours."""
    take_any_name()
    wait_idly()
    gc.set_threshold(SELDOM)
    try:
        try:
            application(sys.argv[1:])()
        finally:
            sys.stdout.flush()
            gc.freeze()  # torch's half a million objects are not searched once more before the end
    except StriateError as error:
        from striate.cli.messages import say
        from striate.terminal.escape import escape_controls

        # only the caret under a network text takes lines of its own
        said = escape_controls(str(error), lines=isinstance(error, NotationError))
        say(f"striate: {said}")
        if isinstance(error, NotationError):
            hint_at_quotes(sys.argv[1:])
        sys.exit(error.exit_code)
    except SystemExit as ended:
        if ended.code == 2:  # wrong use, which is said already
            hint_at_quotes(sys.argv[1:])
        if ended.code == STOPPED:  # typer has taken Ctrl-C in a verb for the end, without a word
            print("striate: stopped", file=sys.stderr)
        raise
    except KeyboardInterrupt:
        print("striate: stopped", file=sys.stderr)
        sys.exit(STOPPED)
    except BrokenPipeError:
        # whoever read our output has gone, as `| head` does: end quietly
        discard_output()
        sys.exit(0)
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        from striate.cli.messages import say
        from striate.terminal.escape import escape_controls

        where = f"'{escape_controls(str(error.filename))}'" if error.filename else "the output"
        say(f"striate: {where}: {error.strerror}; make room or choose another")
        discard_output()
        sys.exit(2)


def hint_at_quotes(words: Sequence[str]) -> None:
    """Say that a network needs quotes, where the shell seems to have taken its > for a file.

    Args:
        words: what was typed, as far as it came.
    """
    bare = any(
        option == "--network" and ">" not in value for option, value in itertools.pairwise(words)
    )
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if bare and stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode):
            print(
                "striate: the output goes to a file: was its name meant as a part of the network? "
                "To the shell > means a file; put the whole text in quotes: "
                '--network "conv 8 > relu > gap > flatten > fc"',
                file=sys.stderr,
            )


def wait_idly() -> None:
    """Let compute threads that wait for each other soon leave their core to whoever needs it.

    OpenMP reads this once, when torch is loaded; what the user has set is left as it is.
    """
    # spinning on takes the digits from 1,800 to 76 images/s beside two busy programs on two cores;
    # not to spin at all costs an eighth of a small network's speed on an idle machine
    if not any(name in os.environ for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")):
        os.environ["GOMP_SPINCOUNT"] = "3000"
    os.environ.setdefault("KMP_BLOCKTIME", "1")  # milliseconds, of LLVM's OpenMP, as on macOS


def take_any_name() -> None:
    """Let names that are no UTF-8 come in as they are, and be shown instead of ending all."""
    for stream, errors in (
        (sys.stdin, "surrogateescape"),
        (sys.stdout, "backslashreplace"),
        (sys.stderr, "backslashreplace"),
    ):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


def discard_output() -> None:
    """Let what is still to be written go nowhere, so that ending does not fail at it."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
