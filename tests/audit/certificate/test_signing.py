"""Only the key that signed a certificate finds its signature good."""

from __future__ import annotations

import builtins
import json
from dataclasses import replace
from pathlib import Path

import pytest
from certificate.gated import NOON, csv, written
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from audit.certificate.demand import verify
from audit.certificate.record import Certificate, Signature
from audit.certificate.signing import Secret, read_key, signed
from audit.errors import InputError


def pair(folder: Path, name: str = "key") -> tuple[Path, Path]:
    """The private and the public half, as PEM files."""
    key = Ed25519PrivateKey.generate()
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def secret(folder: Path, name: str = "secret") -> Path:
    path = folder / name
    path.write_bytes(name.encode() * 16)
    return path


@pytest.fixture
def data(tmp_path) -> Path:
    return csv(tmp_path)


def said(data: Path, cert: Path, key: Path | None) -> tuple[int, str]:
    answer = verify(data, cert, key=key, now=NOON)
    return answer.exit_code, "; ".join(r.why for r in answer.reasons)


def test_a_shared_secret_signs_and_checks(data, tmp_path):
    cert = written(data, tmp_path / "cert.json", key=secret(tmp_path))

    assert said(data, cert, secret(tmp_path)) == (0, "")
    assert Certificate.read(cert).signature.algorithm == "hmac-sha256"


def test_the_private_half_signs_and_either_checks(data, tmp_path):
    private, public = pair(tmp_path)
    cert = written(data, tmp_path / "cert.json", key=private)

    assert said(data, cert, public) == said(data, cert, private) == (0, "")
    assert Certificate.read(cert).signature.algorithm == "ed25519"


def test_another_key_is_refused(data, tmp_path):
    private, public = pair(tmp_path)
    _, other = pair(tmp_path, "other")
    by_pair, by_secret = (written(data, tmp_path / f"{k.name}.json", key=k) for k in (private, secret(tmp_path)))

    for cert, key in (
        (by_pair, other),
        (by_pair, secret(tmp_path)),
        (by_secret, public),
        (by_secret, secret(tmp_path, "no")),
    ):
        code, why = said(data, cert, key)
        assert code == 1
        assert "it is signed by" in why


def test_an_unsigned_one_is_refused_where_a_key_is_given(data, tmp_path):
    code, why = said(data, written(data, tmp_path / "cert.json"), secret(tmp_path))

    assert code == 1
    assert "it is not signed" in why


def test_a_signed_one_is_undecided_where_no_key_is_given(data, tmp_path):
    code, why = said(data, written(data, tmp_path / "cert.json", key=secret(tmp_path)), None)

    assert code == 3
    assert "no key was given" in why


@pytest.mark.parametrize("kind", ["pair", "secret"])
def test_a_forger_who_makes_the_hash_anew_is_found_out_by_the_key(data, tmp_path, kind):
    private, public = pair(tmp_path) if kind == "pair" else (secret(tmp_path),) * 2
    cert = written(data, tmp_path / "cert.json", key=private)
    held = Certificate.read(cert)
    cert.write_text(json.dumps(replace(held, judged=100).to_dict()))

    code, why = said(data, cert, public)
    assert code == 1
    assert "was edited" in why


@pytest.mark.parametrize("value", ["", "00", "zz", "0" * 128, "é"])
def test_a_signature_that_is_none_is_refused(data, tmp_path, value):
    private, public = pair(tmp_path)
    for key, check in ((private, public), (secret(tmp_path), secret(tmp_path))):
        cert = written(data, tmp_path / "cert.json", key=key)
        held = Certificate.read(cert)
        cert.write_text(json.dumps(replace(held, signature=replace(held.signature, value=value)).to_dict()))

        assert said(data, cert, check)[0] == 1


def test_the_public_half_is_no_shared_secret(data, tmp_path):
    """The classic confusion: an HMAC made with the bytes of the public key, which everyone knows."""
    private, public = pair(tmp_path)
    cert = written(data, tmp_path / "cert.json", key=private)
    held = replace(Certificate.read(cert), judged=100)
    forged = signed(held, Secret(public, public.read_bytes()))
    cert.write_text(json.dumps(forged.to_dict()))
    assert said(data, cert, public)[0] == 1

    renamed = replace(forged, signature=Signature("ed25519", read_key(public).name, forged.signature.value))
    cert.write_text(json.dumps(renamed.to_dict()))
    assert said(data, cert, public)[0] == 1


def test_the_name_of_a_key_does_not_give_it_away(tmp_path):
    key = read_key(secret(tmp_path))

    assert key.name.encode() not in key.secret
    assert key.name != read_key(secret(tmp_path, "other")).name


class TestKeyFiles:
    def test_the_public_half_cannot_sign(self, data, tmp_path):
        with pytest.raises(InputError, match="to sign, give the private one"):
            written(data, tmp_path / "cert.json", key=pair(tmp_path)[1])

    def test_a_short_secret_is_none(self, tmp_path):
        (tmp_path / "key").write_bytes(b"hunter2\n")

        with pytest.raises(InputError, match="8 bytes are no secret"):
            read_key(tmp_path / "key")

    def test_a_missing_one_is_said(self, tmp_path):
        with pytest.raises(InputError, match="no such key file"):
            read_key(tmp_path / "key")

    def test_a_pair_of_another_kind_is_refused(self, tmp_path):
        pem = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / "key").write_bytes(pem)

        with pytest.raises(InputError, match="not an Ed25519 key"):
            read_key(tmp_path / "key")

    def test_one_with_a_password_is_refused(self, tmp_path):
        key = Ed25519PrivateKey.generate()
        locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
        (tmp_path / "key").write_bytes(locked)

        with pytest.raises(InputError, match="protected by a password"):
            read_key(tmp_path / "key")

    def test_a_broken_one_is_refused(self, tmp_path):
        (tmp_path / "key").write_text("-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n")

        with pytest.raises(InputError, match="not a PEM key"):
            read_key(tmp_path / "key")

    def test_without_the_package_it_says_which_to_install(self, tmp_path, monkeypatch):
        private, _ = pair(tmp_path)
        known = builtins.__import__

        def without(name, *args, **kwargs):
            if name.startswith("cryptography"):
                raise ModuleNotFoundError(name)
            return known(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", without)

        with pytest.raises(InputError, match=r"assay\[signing\]"):
            read_key(private)
        assert read_key(secret(tmp_path)).algorithm == "hmac-sha256"
