"""Signed exports, beside what model-signing itself says of them and signs."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made_keys import make_certificate, make_key
from typer.testing import CliRunner

from striate.backends.torch import build
from striate.cli import app
from striate.data.images import Preprocess
from striate.deployment.exporting import ExportSettings, export
from striate.deployment.signature_check import check_signature
from striate.deployment.signing import Signer, SigningKey, open_signer
from striate.deployment.written_files import write_files
from striate.errors import ClassifierError, SettingError, StriateError
from striate.model.classifier import Classifier

model_signing = pytest.importorskip("model_signing", reason="signing needs the extra sign")
TEXT = "input 1x12x12 classes=2 > conv 4 > relu > gap > flatten > fc"
FILES = ["day.batch.onnx", "day.mjs", "day.onnx", "day.py"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the keys mine and other, and the certificate of mine by root."""
    place = tmp_path_factory.mktemp("keys")
    mine, root = make_key(place / "mine"), make_key(place / "root")
    make_key(place / "other")
    make_certificate(place / "root", root, ("root", root), authority=True, days=(-99, 99))
    make_certificate(place / "mine", mine, ("root", root))
    return place


@pytest.fixture(scope="module")
def model() -> Classifier:
    return Classifier(build(TEXT, seed=1), TEXT, ("day", "night"), Preprocess(1, 12, 12))


@pytest.fixture(scope="module")
def exported(model: Classifier, keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("signed") / "day.onnx"
    sign = SigningKey(keys / "mine.pem")
    done = export(
        model, path, settings=ExportSettings(batch=True, programs=True, sign=sign), progress=False
    )
    assert done.signature is not None
    assert done.as_json()["signature"]["holds"]
    return path


@pytest.fixture
def signed(exported: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return shutil.copytree(exported.parent, tmp_path / "copy") / exported.name


def verify_by_model_signing(path: Path, key: Path) -> None:
    config = model_signing.verifying.Config().use_elliptic_key_verifier(public_key=key)
    config.set_ignore_unsigned_files(True).verify(path.parent, Path(f"{path}.sig"))


def test_the_signature_covers_all_that_was_written_and_model_signing_agrees(
    signed: Path, keys: Path
) -> None:
    found = check_signature(signed, keys / "mine.pub")
    assert found.holds
    assert sorted(found.files) == FILES
    assert sorted(each.name for each in signed.parent.iterdir()) == sorted([*FILES, "day.onnx.sig"])
    verify_by_model_signing(signed, keys / "mine.pub")
    with pytest.raises(ValueError, match="Key mismatch"):
        verify_by_model_signing(signed, keys / "other.pub")


def test_the_command_line_of_model_signing_verifies_it(signed: Path, keys: Path) -> None:
    command = [
        *(sys.executable, "-m", "model_signing", "verify", "key", ".", "--ignore_unsigned_files"),
        *("--signature", "day.onnx.sig", "--public_key", str(keys / "mine.pub")),
    ]
    done = subprocess.run(command, cwd=signed.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "Verification succeeded\n")


def test_a_statement_says_nothing_but_names_and_hashes(signed: Path) -> None:
    bundle = json.loads(Path(f"{signed}.sig").read_text())
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    assert [each["name"] for each in statement["subject"]] == ["day"]
    assert [each["name"] for each in statement["predicate"]["resources"]] == FILES
    assert str(signed.parents[2]) not in json.dumps([bundle, statement])


@pytest.mark.parametrize("name", FILES)
def test_a_byte_that_has_changed_is_found_and_its_file_named(
    signed: Path, keys: Path, name: str
) -> None:
    place = signed.with_name(name)
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.write_bytes(content)
    assert check_signature(signed, keys / "mine.pub").why == f"'{name}' was changed"
    with pytest.raises(ValueError, match=f"Hash mismatch for '{name}'"):
        verify_by_model_signing(signed, keys / "mine.pub")


def test_files_that_are_missing_or_were_renamed_are_named(signed: Path, keys: Path) -> None:
    signed.with_name("day.py").unlink()
    signed.with_name("day.mjs").unlink()
    found = check_signature(signed, keys / "mine.pub")
    lacking = "of its 4 files 'day.mjs' and 'day.py' are missing"
    assert found.why == f"only a part of the export is here: {lacking}; copy all of them"
    renamed = signed.rename(signed.with_name("cats.onnx"))
    shutil.copy(f"{signed}.sig", f"{renamed}.sig")
    assert "'cats.onnx' was signed as 'day.onnx'" in check_signature(renamed, keys / "mine.pub").why
    assert (
        "of its 4 files 'day.mjs', 'day.onnx' and" in check_signature(signed, keys / "mine.pub").why
    )


def test_files_beside_it_that_nobody_signed(model: Classifier, keys: Path, tmp_path: Path) -> None:
    sign = ExportSettings(sign=SigningKey(keys / "mine.pem"))
    (tmp_path / "a.py").write_text("print('all is well')")
    with pytest.raises(SettingError, match=r"a\.py' lies there and would not be covered"):
        export(model, tmp_path / "a.onnx", settings=sign, progress=False)
    (tmp_path / "notes.txt").write_text("which is no business of it")
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    export(model, tmp_path / "a.onnx", settings=sign, progress=False)
    assert check_signature(tmp_path / "a.onnx", keys / "mine.pub").holds
    (tmp_path / "b.py").rename(tmp_path / "a.py")
    why = check_signature(tmp_path / "a.onnx", keys / "mine.pub").why
    assert why == "'a.py' was added and is not signed"


def test_a_statement_that_was_rewritten_is_not_believed(signed: Path, keys: Path) -> None:
    place = Path(f"{signed}.sig")
    bundle = json.loads(place.read_text())
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    statement["predicate"]["resources"].pop()
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    bundle["dsseEnvelope"]["payload"] = payload
    place.write_text(json.dumps(bundle))
    assert "was changed after it was signed" in check_signature(signed, keys / "mine.pub").why
    for broken in ("", "[]", '{"dsseEnvelope": 3}', json.dumps({**bundle, "dsseEnvelope": {}})):
        place.write_text(broken)
        assert "or damaged" in check_signature(signed, keys / "mine.pub").why


def test_a_signature_by_another_key_names_both(signed: Path, keys: Path) -> None:
    why = check_signature(signed, keys / "other.pub").why
    assert "it was made by the key " in why
    assert f"'{keys / 'other.pub'}' is the key " in why


def test_what_model_signing_has_signed_is_verified(keys: Path, tmp_path: Path) -> None:
    for name in ("a.onnx", "a.py"):
        (tmp_path / name).write_text(name)
    signer = model_signing.signing.Config().use_elliptic_key_signer(private_key=keys / "mine.pem")
    signer.sign(tmp_path, tmp_path / "a.onnx.sig")
    assert check_signature(tmp_path / "a.onnx", keys / "mine.pub").files == ("a.onnx", "a.py")
    (tmp_path / "a.py").write_text("b")
    assert check_signature(tmp_path / "a.onnx", keys / "mine.pub").why == "'a.py' was changed"
    signer.sign(tmp_path / "a.onnx", tmp_path / "a.onnx.sig")  # of one file alone
    found = check_signature(tmp_path / "a.onnx", keys / "mine.pub")
    assert (found.holds, found.files) == (True, ("a.onnx",))
    (tmp_path / "a.onnx").write_text("b")
    assert check_signature(tmp_path / "a.onnx", keys / "mine.pub").why == "'a.onnx' was changed"


def test_a_signer_who_names_files_elsewhere_has_none_read(keys: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.onnx").write_text("a")
    (tmp_path / "secret").write_text("s")
    signer = model_signing.signing.Config().use_elliptic_key_signer(private_key=keys / "mine.pem")

    class Outside(model_signing.hashing.Config):  # type: ignore[misc, name-defined]
        def hash(self, path: Path) -> object:
            return super().hash(path, files_to_hash=[path / "a.onnx", path / ".." / "secret"])

    signer.set_hashing_config(Outside()).sign(tmp_path / "in", tmp_path / "in/a.onnx.sig")
    why = check_signature(tmp_path / "in/a.onnx", keys / "mine.pub").why
    assert why == "it names a file outside of its folder: '../secret'"


def test_an_owner_is_known_by_a_certificate(keys: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    signer = open_signer(SigningKey(keys / "mine.pem", certificate=keys / "mine.crt"))
    write_files({path: b"a"}, signer)
    found = check_signature(path, keys / "root.crt")
    assert (found.holds, found.signer) == (True, "CN=mine")
    config = model_signing.verifying.Config()
    config.use_certificate_verifier(certificate_chain=[keys / "root.crt"])
    config.set_ignore_unsigned_files(True).verify(tmp_path, tmp_path / "a.onnx.sig")
    stranger = make_key(tmp_path / "root")
    make_certificate(tmp_path / "root", stranger, ("root", stranger), authority=True)
    assert "rests on none that was given" in check_signature(path, tmp_path / "root.crt").why
    with pytest.raises(SettingError, match="was made with a certificate"):
        check_signature(path, keys / "mine.pub")
    path.write_bytes(b"b")
    assert check_signature(path, keys / "root.crt").why == "'a.onnx' was changed"
    write_files({path: b"a"}, open_signer(SigningKey(keys / "mine.pem")))
    with pytest.raises(SettingError, match="was made without a certificate"):
        check_signature(path, keys / "root.crt")


def test_a_certificate_that_cannot_sign_is_refused(keys: Path, tmp_path: Path) -> None:
    old = make_key(tmp_path / "old")
    make_certificate(tmp_path / "old", old, ("old", old), days=(-9, -3))
    for key, certificate, said in (
        (tmp_path / "old.pem", tmp_path / "old.crt", "and not today"),
        (keys / "other.pem", keys / "mine.crt", "is that of another key"),
        (keys / "mine.pem", keys / "mine.pub", "no certificate in PEM"),
        (keys / "mine.pem", keys / "none.crt", "cannot be read"),
    ):
        with pytest.raises(SettingError, match=said):
            open_signer(SigningKey(key, certificate=certificate))


@pytest.mark.parametrize("curve", ["SECP256R1", "SECP384R1", "SECP521R1"])
def test_encrypted_keys_of_each_curve_sign_by_their_password(curve: str, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    make_key(tmp_path / "key", curve=getattr(ec, curve)(), password="secret")
    write_files({tmp_path / "a": b"a"}, open_signer(SigningKey(tmp_path / "key.pem", "secret")))
    assert check_signature(tmp_path / "a", tmp_path / "key.pub").holds
    for password, said in ((None, "is encrypted"), ("", "is encrypted"), ("x", "does not open")):
        with pytest.raises(SettingError, match=said):
            open_signer(SigningKey(tmp_path / "key.pem", password))
    with pytest.raises(SettingError, match="no encrypted key beside a certificate"):
        open_signer(SigningKey(tmp_path / "key.pem", "secret", tmp_path / "key.crt"))
    assert "secret" not in repr(SigningKey(tmp_path / "key.pem", "secret"))


def test_keys_of_another_kind_are_refused_in_a_line(
    exported: Path, keys: Path, model: Classifier, tmp_path: Path
) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    make_key(tmp_path / "koblitz", curve=ec.SECP256K1())
    edwards = ed25519.Ed25519PrivateKey.generate().public_key()
    public = edwards.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "edwards.pub").write_bytes(public)
    (tmp_path / "text.pem").write_text("no key")
    for path, said in (
        (tmp_path / "koblitz.pem", "of the curve secp256k1"),
        (keys / "mine.pub", "no private key in PEM"),
        (tmp_path / "text.pem", "no private key in PEM"),
        (tmp_path, "cannot be read"),
        (tmp_path / "none.pem", "cannot be read: No such file"),
    ):
        settings = ExportSettings(sign=SigningKey(path))
        with pytest.raises(SettingError, match=said) as caught:
            export(model, tmp_path / "out/a.onnx", settings=settings, progress=False)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()
    for path, said in (
        (tmp_path / "koblitz.pub", "of the curve secp256k1"),
        (tmp_path / "edwards.pub", "no elliptic curve key"),
        (keys / "mine.pem", "is a private key; expected the public one"),
        (tmp_path / "text.pem", "no public key and no certificate"),
    ):
        with pytest.raises(SettingError, match=said):
            check_signature(exported, path)


def test_all_files_are_written_or_none(
    keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = open_signer(SigningKey(keys / "mine.pem"))
    contents = {tmp_path / "a.onnx": b"a", tmp_path / "a.py": b"b"}

    def stop(folder: Path, signature: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_files(contents, Signer("", stop))
    assert not list(tmp_path.iterdir())
    (tmp_path / "a.py").mkdir()  # which no file can replace
    (tmp_path / "a.onnx").write_bytes(b"old")
    with pytest.raises(ClassifierError, match="cannot be written: a folder has that name"):
        write_files(contents, signer)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.onnx", "a.py"]
    assert (tmp_path / "a.onnx").read_bytes() == b"old"
    (tmp_path / "a.py").rmdir()
    (tmp_path / "a.onnx").unlink()
    move = Path.replace

    def stop_late(path: Path, place: Path) -> Path:
        if place.suffix == ".sig":
            raise KeyboardInterrupt
        return move(path, place)

    with monkeypatch.context() as context:
        context.setattr(Path, "replace", stop_late)
        with pytest.raises(KeyboardInterrupt):
            write_files(contents, signer)
    assert not list(tmp_path.iterdir())


def test_an_unsigned_export_takes_the_place_of_a_signed_one(keys: Path, tmp_path: Path) -> None:
    write_files({tmp_path / "a.onnx": b"a"}, open_signer(SigningKey(keys / "mine.pem")))
    write_files({tmp_path / "a.onnx": b"b"})
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]


def test_the_command_line_signs_and_says_whose_it_is(
    model: Classifier, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.save(tmp_path / "day.safetensors")
    make_key(tmp_path / "key", password="secret")
    monkeypatch.setenv("STRIATE_KEY_PASSWORD", "secret")
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    done = runner.invoke(app, ["export", "day.safetensors", "--sign", "key.pem"])
    assert "day.onnx.sig: signed by the key " in done.stdout
    done = runner.invoke(app, ["verify", "day.onnx", "--signed-by", "key.pub"])
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "the proof holds")
    assert done.stdout.startswith("the signature holds, signed by the key ")
    done = runner.invoke(app, ["verify", "day.onnx"])
    assert "day.onnx.sig is not looked at without --signed-by" in done.stdout
    done = runner.invoke(
        app, ["verify", "day.onnx", "--json", "--signed-by", str(keys / "mine.pub")]
    )
    assert (done.exit_code, json.loads(done.stdout)["holds"]) == (1, False)
    (tmp_path / "day.onnx.sig").unlink()
    done = runner.invoke(app, ["verify", "day.onnx", "--signed-by", "key.pub"])
    assert isinstance(done.exception, StriateError)
    assert (done.exception.exit_code, done.stdout) == (2, "")
    assert "has no signature" in str(done.exception)
