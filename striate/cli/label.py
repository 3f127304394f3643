"""striate label: labels for a folder of images that have none, typed once for many."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from striate.cli.messages import say, say_steps


def label(
    folder: Annotated[Path, typer.Argument(help="A folder of images; it is only read.")],
    out: Annotated[
        Path | None, typer.Option(help="The CSV of labels. Default: labels/NAME.csv.")
    ] = None,
    classes: Annotated[
        str | None, typer.Option(help="Names of classes that are known already: bee,ant.")
    ] = None,
    proposals: Annotated[
        Path | None, typer.Option(help="A CSV of file,label from another tool, to be confirmed.")
    ] = None,
    pretrained: Annotated[
        str | None, typer.Option(help="The backbone. Default: the one that training takes.")
    ] = None,
    guesses: Annotated[
        float | None,
        typer.Option(help="Write the classifier's guesses, too, from this probability on."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the clusters and of what is drawn.")] = 0,
    port: Annotated[int, typer.Option(help="Of 127.0.0.1; 0 takes any that is free.")] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address and open nothing.")
    ] = False,
) -> None:
    """Label a folder of images on a page of this machine, with the keyboard alone.

    Images that look alike are named together, then single ones where it teaches most; some are
    drawn at random, so that it can be said how often the classifier is right. Each answer is on the
    disk before the next question; Ctrl-C ends it, and the same command goes on.
    """
    from striate.doctor.labelling.places import check_place, journal_of
    from striate.errors import SettingError
    from striate.files.home import expand_home
    from striate.serving.listening import check_port, listen

    folder = expand_home(folder)
    path = check_place(out and expand_home(out), folder)
    if guesses is not None and not 0 < guesses <= 1:
        raise SettingError(f"--guesses is {guesses:g}; expected a probability above 0, at most 1")
    if seed < 0:
        raise SettingError(f"--seed is {seed}; expected 0 or more")
    check_port(port)
    from striate.studio_app.opening import announce, check_extra, open_page

    check_extra("the page of `striate label`")
    from striate.data import format_count
    from striate.doctor.labelling.answers import Journal, check_label
    from striate.doctor.labelling.desk import Desk
    from striate.doctor.labelling.folder_images import read_folder
    from striate.doctor.labelling.label_file import LabelFile, name_skipped
    from striate.doctor.labelling.proposals import read_proposals
    from striate.doctor.labelling.session import Session
    from striate.studio_app.labelling import describe, make_label_app
    from striate.terminal.console import Console
    from striate.terminal.next_steps import command

    names = tuple(check_label(name) for name in (classes.split(",") if classes else ()))
    with listen(port) as listening:  # before what takes time
        with Console() as console:
            images = read_folder(folder, pretrained=pretrained, callback=console)
        for note in (*images.notes, *name_skipped(images.skipped, path)):
            say(note)
        proposed = None if proposals is None else read_proposals(expand_home(proposals), images)
        for note in () if proposed is None else proposed.notes:
            say(note)
        with Journal(journal_of(path), folder, seed=seed) as journal:
            session = Session(
                images,
                journal.answers,
                given=names,
                proposals={} if proposed is None else proposed.labels,
                seed=journal.seed,
            )
            if journal.answers:
                gone = f", {session.lost} of them of images that are gone" if session.lost else ""
                say(f"going on after {format_count(len(journal.answers), 'answer')}{gone}")
            labels = LabelFile(path, least=guesses)
            desk = Desk(session, journal, labels)
            labels.write(session)
            further = ("--pretrained", images.pretrained) if images.pretrained else ()
            next_command = command("train", path, *further)
            opened = open_page(
                lambda entry: make_label_app(desk, next_command, entry), listening=listening
            )
            with contextlib.suppress(KeyboardInterrupt), opened.ended_by_ctrl_c():
                announce(opened, browser=not no_browser, say=say)
                say("Ctrl-C ends it; every answer is kept at once")
                opened.run()
            standing = session.standing()
            labels.write(session)
    say(f"{standing.labelled:,} of {standing.images:,} images have a label")
    for line in describe(standing):
        say(line)
    if not standing.is_trainable:
        say("training needs labels of two classes; the same command goes on")
    say_steps(("labels", str(path)), *([("next", next_command)] if standing.is_trainable else []))
