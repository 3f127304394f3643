"""The command line: ``striate VERB``, one short function a verb.

The verbs load what they need when they are called, so that ``striate --help`` is instant.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from striate.cli.describe import describe
from striate.cli.evaluate import evaluate
from striate.cli.predict import predict
from striate.cli.train import train
from striate.errors import StriateError

app = typer.Typer(
    name="striate",
    help="A folder of pictures in; a convolutional classifier out that you understand, "
    "can trust and can ship.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for verb in (train, evaluate, predict, describe):
    app.command()(verb)


def show_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        from striate import __version__

        typer.echo(f"striate {__version__}")
        raise typer.Exit


@app.callback()
def striate(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Take what holds for every verb."""


def main() -> None:
    """Run the command line: one clear line for a user's mistake, a traceback for ours."""
    try:
        app()
    except StriateError as error:
        sys.stdout.flush()
        print(f"striate: {shown(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("striate: stopped", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # whoever read our output has gone, as `| head` does: end quietly
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def shown(text: str) -> str:
    """Make a text printable whatever bytes a file's name holds."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
