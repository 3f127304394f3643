"""striate studio: a live page that shows how a network sees."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.cli.messages import say
from striate.errors import SettingError, join_words

if TYPE_CHECKING:
    from striate.model.classifier import Classifier


def studio(
    where: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DIR] [FILE.py:NAME]",
            help="The folder that is read and written (here, unless given), and a torch module "
            "to look into.",
        ),
    ] = None,
    read: Annotated[
        list[Path] | None, typer.Option(help="A folder that is read besides; may be repeated.")
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option("--input", help="Of FILE.py:NAME: channels x rows x columns, as 3x224x224."),
    ] = None,
    port: Annotated[int, typer.Option(help="Of 127.0.0.1; 0 takes any that is free.")] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address and open nothing.")
    ] = False,
    link: Annotated[
        str, typer.Option("--open", help="A link that was copied out of a studio: goes there.")
    ] = "",
) -> None:
    """Open a live page that shows how a network sees, on this machine alone.

    It prints its address, which holds a token; Ctrl-C ends it. Every layer of a network, for any
    image or the camera: point at a number and see its whole sum.
    """
    from striate.serving.listening import check_port

    check_port(port)
    from striate.studio_app.opening import announce, open_studio

    folder, modules = sort_out(where or [], shape)
    opened = open_studio(folder, read=read or [], modules=modules, port=port, link=link)
    with opened.ended_by_ctrl_c():
        announce(opened, browser=not no_browser, say=say)
        say("Ctrl-C ends it")
        opened.run()


def sort_out(where: list[str], shape: str | None) -> tuple[Path, dict[str, Classifier]]:
    """Return the folder and the torch modules among some arguments.

    Raises:
        SettingError: there are two folders, or one is none.
        NotationError: a module is not there.
    """
    from striate.cli.network_argument import MODULE, find_module, shape_of
    from striate.data.images import Preprocess
    from striate.files.home import expand_home
    from striate.studio_app.opening import to_classifier

    folders: list[Path] = []
    modules: dict[str, Classifier] = {}
    for each in where:
        named = MODULE.fullmatch(each)
        if named is None or Path(each).is_dir():
            folders.append(expand_home(each))
            continue
        module, given = find_module(named["where"], named["name"], shape_of(shape))
        channels, rows, columns = given
        modules[named["name"]] = to_classifier(module, Preprocess(channels, rows, columns))
    if len(folders) > 1:
        told = join_words(map(str, folders))
        raise SettingError(
            f"{told} are {len(folders)} folders; give one, and others as --read FOLDER"
        )
    if folders and not folders[0].is_dir():
        raise SettingError(
            f"'{folders[0]}' is no folder; expected one, or FILE.py:NAME of a torch module"
        )
    return (folders[0] if folders else Path()), modules
