"""striate verify: whether an exported file still gives the answers that it carries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from striate.deployment.verification import Verification


def verify(
    file: Annotated[Path, typer.Argument(help="A file or a page that `striate export` wrote.")],
    runtime: Annotated[
        Path | None,
        typer.Option(
            help="The npm package onnxruntime-web, as .tgz or as a folder, to prove it in Node.js "
            "and in Chromium. Default: the page's own, or the one kept from making a page."
        ),
    ] = None,
    signed_by: Annotated[
        Path | None,
        typer.Option(
            help="The signer's public key in PEM, or certificates that you trust: FILE and all "
            "that was written with it are compared with FILE.sig first."
        ),
    ] = None,
    environment: Annotated[
        Path | None,
        typer.Option(
            help="For a .pte or .tflite file: the folder of the Python environment that has its "
            "runtime. Default: the one that was made for it."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run the golden images of an exported file in each runtime that is here, and compare.

    A runtime that is not here is "not proved". Ends with 1 where one disagrees, where none is here,
    where the graph is not the one that was written, or where its signature does not hold.
    """
    import json

    from striate.deployment.phone.environment import find_format
    from striate.deployment.phone.phone_export import verify_phone
    from striate.deployment.signature_check import check_signature
    from striate.deployment.verification import verify as verify_file
    from striate.deployment.written_files import name_signature
    from striate.errors import SettingError
    from striate.terminal.console import Console
    from striate.terminal.escape import escape_controls

    phone = find_format(file)
    if phone is None and environment is not None or phone is not None and runtime is not None:
        raise SettingError(
            "--environment is for a .pte or .tflite file, --runtime for the others; leave it out"
        )
    said = {}
    if signed_by is not None:
        signature = check_signature(file, signed_by)
        said = {"signature": signature.as_json()}
        if not as_json:
            print("the signature holds, " * signature.holds + escape_controls(str(signature)))
        if not signature.holds:
            if as_json:
                print(json.dumps({"holds": False, **said}))
            raise typer.Exit(1)
    with Console() as console:
        if phone is not None:
            found = verify_phone(
                file, phone, environment=environment, progress=False, callback=console
            )
        else:
            found = verify_file(file, web_runtime=runtime, progress=False, callback=console)
    if as_json:
        print(json.dumps({**found.as_json(), **said}))
    else:
        print_proofs(found)
        if signed_by is None and name_signature(file).exists():
            signature_name = escape_controls(name_signature(file).name)
            print(f"{signature_name} is not looked at without --signed-by")
        print("the proof holds" if found.holds else f"the proof does not hold: {found.failures}")
    if not found.holds:
        raise typer.Exit(1)


def print_proofs(found: Verification) -> None:
    """Print what became of the proof in each runtime, a line each."""
    from striate.data import format_count
    from striate.terminal.colors import has_colors, paint

    width = max(len(proof.runtime) for proof in found.proofs)
    for proof in found.proofs:
        line = f"{proof.runtime:<{width}}  {proof.status:<10}"
        if proof.difference is not None:
            apart, classes = proof.difference.probability, proof.difference.classes
            images = format_count(proof.difference.images, "image")
            line += f"  {images}, probabilities within {apart:.1g}"
            line += f", {format_count(classes, 'other class', 'other classes')}" if classes else ""
        if proof.float32 is not None:
            n, other = proof.float32.images, proof.float32.classes
            line += f"; as in float32: {n - other} of {n} classes, "
            line += f"probabilities within {proof.float32.probability:.1g}"
        if proof.why:
            line += f"  {proof.why}"
        print(paint(line, "wrong") if proof.status == "disagrees" and has_colors() else line)
    if found.remark:
        print(found.remark)
    if found.decoding:
        print(f"decoded otherwise than where it was made: {', '.join(found.decoding)}")
