"""striate export: one ONNX file that takes raw images and proves itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from striate.errors import join_words

if TYPE_CHECKING:
    from striate.deployment.exporting import Exported
    from striate.deployment.page_export import ExportedPage
    from striate.deployment.quantization.int8_form import Int8Settings
    from striate.deployment.signing import SigningKey


def export(
    model: Annotated[Path, typer.Argument(help="A classifier's file, or the folder of its run.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The file that is written. Default: NAME.onnx in this folder."),
    ] = None,
    to: Annotated[
        str,
        typer.Option(
            help="onnx: the file itself. page: one HTML page that holds it and classifies images "
            "in any browser. executorch or litert: the network for a phone, .pte or .tflite, and "
            "a JSON document beside it."
        ),
    ] = "onnx",
    environment: Annotated[
        Path | None,
        typer.Option(
            help="For executorch and litert: the folder of the Python environment that has it. "
            "Default: the one that `python -m striate.deployment.phone.environment` made."
        ),
    ] = None,
    runtime: Annotated[
        Path | None,
        typer.Option(
            help="For a page: the npm package onnxruntime-web, as .tgz or as a folder. Default: "
            "fetched once, and kept."
        ),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never use the network.")] = False,
    with_batch: Annotated[
        bool,
        typer.Option(
            "--with-batch",
            help="Write NAME.batch.onnx beside it, which takes batches of images of the network's "
            "size.",
        ),
    ] = False,
    with_programs: Annotated[
        bool,
        typer.Option(
            "--with-programs",
            help="Write NAME.py and NAME.mjs beside it, which classify by it without Striate.",
        ),
    ] = False,
    golden: Annotated[
        Path | None,
        typer.Option(
            help="A folder of images that become golden ones, too: they leave with the file, small "
            "and without their names."
        ),
    ] = None,
    with_hashes: Annotated[
        bool,
        typer.Option(
            "--with-hashes", help="Let the hashes of the images that were learnt from go with it."
        ),
    ] = False,
    quantize: Annotated[
        str | None,
        typer.Option(
            help="int8: the network in whole numbers of 8 bits, which is a third of the size and "
            "faster. Needs --calibrate."
        ),
    ] = None,
    calibrate: Annotated[
        str | None,
        typer.Option(
            help="For int8: images of each class, in any form that training takes. Some set the "
            "ranges, the others measure what is lost."
        ),
    ] = None,
    tolerate: Annotated[
        float | None,
        typer.Option(
            help="For int8: points of accuracy that may be lost. Default: 1.", min=0, max=99
        ),
    ] = None,
    reduce_range: Annotated[
        bool | None,
        typer.Option(
            "--reduce-range/--full-range",
            help="For int8: weights of 7 bits, so that no processor cuts off a sum, or of 8. "
            "Default: 7 where this processor does.",
        ),
    ] = None,
    sign: Annotated[
        Path | None,
        typer.Option(
            help="A private key (PEM, elliptic curve) that signs all files written, into "
            "NAME.onnx.sig. Needs the extra sign."
        ),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            help="With --sign: the certificate of the key and, behind it, those that it rests on."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    seed: Annotated[int, typer.Option(help="Of the golden images.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write a classifier as one ONNX file that takes raw images and proves itself.

    Resizing, network, temperature and reject rule are all in its graph. Sixteen golden images with
    their answers travel with it; they are compared with torch and in each runtime that is here
    before the file is written. Ends with 1 where they disagree, and leaves no file then.
    """
    import json

    from striate.cli.messages import say_steps
    from striate.cli.verify import print_proofs
    from striate.deployment.exporting import ExportSettings
    from striate.deployment.exporting import export as export_classifier
    from striate.deployment.page_export import PageSettings, export_page
    from striate.deployment.phone.environment import FORMATS
    from striate.deployment.phone.phone_export import ExportedPhone, PhoneSettings, export_phone
    from striate.deployment.quantization.form_table import make_form_table
    from striate.errors import SettingError
    from striate.events import Event, Note
    from striate.terminal.console import Console
    from striate.terminal.escape import escape_controls
    from striate.terminal.next_steps import command

    if to not in ("onnx", "page", *FORMATS):
        raise SettingError(
            f"--to {to[:60]}: expected {join_words(('onnx', 'page', *FORMATS), 'or')}"
        )
    phone = FORMATS.get(to)
    given = {"--with-batch": with_batch, "--with-programs": with_programs}
    given |= {"--with-hashes": with_hashes, "--quantize": quantize is not None}
    given |= {"--runtime": runtime is not None, "--sign": sign is not None}
    given |= {"--environment": environment is not None}
    refuse_options(to, {name for name, there in given.items() if there})
    key = read_signing_key(sign, certificate)
    settings = ExportSettings(
        batch=with_batch,
        programs=with_programs,
        golden=golden,
        with_hashes=with_hashes,
        force=force,
        seed=seed,
        int8=read_int8(quantize, calibrate, tolerate, reduce_range),
        sign=None if to == "page" else key,
    )
    with Console() as console:

        def callback(event: Event) -> None:
            if not as_json or not isinstance(event, Note):
                console(event)

        if phone is not None:
            done: Exported | ExportedPage | ExportedPhone = export_phone(
                model,
                out or name_file(model).with_suffix(phone.ending),
                phone,
                settings=PhoneSettings(environment, force=force, seed=seed, golden=golden),
                progress=False,
                callback=callback,
            )
        elif to == "page":
            done = export_page(
                model,
                out or name_file(model).with_suffix(".html"),
                settings=PageSettings(
                    runtime=runtime, offline=offline, force=force, sealed=settings, sign=key
                ),
                progress=False,
                callback=callback,
            )
        else:
            done = export_classifier(
                model,
                out or name_file(model),
                settings=settings,
                progress=False,
                callback=callback,
            )
    if as_json:
        print(json.dumps(done.as_json()))
        return
    if not isinstance(done, ExportedPhone) and done.forms:
        print(f"{make_form_table(done.forms)}\n")
    print_proofs(done.verification)
    size = f"{done.size / 1e6:.1f} MB"
    print(f"{escape_controls(str(done.path))}: {size}, {done.size:,} bytes")
    if isinstance(done, ExportedPhone):
        print(f"{escape_controls(str(done.document))}: what an app does before and after")
        there = () if environment is None else ("--environment", environment)
        say_steps(("verify", command("verify", done.path, *there)))
        return
    if done.signature is not None:
        print(
            f"{escape_controls(str(done.signature.path))}: {escape_controls(str(done.signature))}"
        )
    verify = ("verify", command("verify", done.path, *(["--signed-by", "KEY.pub"] if sign else [])))
    if to == "page":
        say_steps(verify, ("next", f"open {escape_controls(str(done.path))} in a browser"))
        return
    say_steps(verify, ("next", command("predict", done.path, "IMAGES")))


def refuse_options(to: str, given: set[str]) -> None:
    """Refuse options that do not go with a form.

    Raises:
        SettingError: one of them does not.
    """
    from striate.deployment.phone.environment import FORMATS
    from striate.errors import SettingError

    if to == "page":
        for option in sorted(given & {"--with-batch", "--with-programs"}):
            raise SettingError(
                f"{option} writes files beside an .onnx; leave it out with --to page"
            )
    others = {"--environment"} if to == "page" else {"--environment", "--runtime"}
    refused = given - {"--environment"} if to in FORMATS else given & others
    if refused:
        raise SettingError(f"{min(refused)} does not go with --to {to}; leave it out")


def read_int8(
    quantize: str | None, calibrate: str | None, tolerate: float | None, reduce_range: bool | None
) -> Int8Settings | None:
    """Return how the network is quantized; None where it is not.

    Raises:
        SettingError: the options do not go together.
    """
    from striate.deployment.quantization.int8_form import Int8Settings
    from striate.errors import SettingError

    if quantize is None:
        given = {
            "--calibrate": calibrate,
            "--tolerate": tolerate,
            "--reduce-range" if reduce_range else "--full-range": reduce_range,
        }
        for option, value in given.items():
            if value is not None:
                raise SettingError(f"{option} is for --quantize int8; add it, or leave this out")
        return None
    if quantize != "int8":
        raise SettingError(f"--quantize {quantize[:60]}: expected int8")
    if calibrate is None:
        raise SettingError(
            "--quantize int8 needs images to set its ranges and to measure what is lost: "
            "--calibrate FOLDER, with one folder a class"
        )
    allowed = {} if tolerate is None else {"tolerate": tolerate / 100}
    return Int8Settings(calibrate, **allowed, reduce_range=reduce_range)


def read_signing_key(sign: Path | None, certificate: Path | None) -> SigningKey | None:
    """Return who signs, asking for the password of an encrypted key; None where nothing is signed.

    Raises:
        SettingError: there is a certificate without its key.
    """
    import os
    import sys

    from striate.deployment.signing import ENVIRONMENT, SigningKey, is_encrypted
    from striate.errors import SettingError

    if sign is None:
        if certificate is not None:
            raise SettingError("--certificate is that of the key of --sign; add it")
        return None
    password = None
    if is_encrypted(sign):
        password = os.environ.get(ENVIRONMENT)
        if password is None and sys.stdin.isatty():
            from getpass import getpass

            password = getpass(f"password of {sign}: ")
    return SigningKey(sign, password, certificate)


def name_file(model: Path) -> Path:
    """Name an exported file after its classifier, or after the run of it.

    >>> str(name_file(Path("runs/photos/classifier.safetensors"))), str(name_file(Path("a/cats")))
    ('photos.onnx', 'cats.onnx')
    """
    resolved = model.absolute()
    if resolved.name == "classifier.safetensors":
        resolved = resolved.parent
    name = resolved.name.removesuffix(".safetensors").removesuffix(".onnx")
    return Path(f"{name}.onnx")
