"""Keys: a secret shared by those who sign and those who check (HMAC-SHA256), or a pair of keys (Ed25519, PEM).

The kind of key decides how a signature is checked, never what the certificate says of itself: else whoever knows the
public key could use it as if it were the shared secret.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from audit.certificate.record import Certificate, Signature
from audit.errors import InputError

SHORTEST = 16
"""Bytes of a shared secret; fewer can be guessed."""
NAMED = 16
"""Hexadecimal digits by which a key is told from others."""
EXTRA = "Ed25519 keys need the package cryptography, which is not installed: pip install 'assay[signing]'"


@dataclass(frozen=True)
class Secret:
    """A shared secret: the bytes of a file, all of them."""

    path: Path
    secret: bytes
    algorithm = "hmac-sha256"

    @property
    def name(self) -> str:
        """Tells keys apart and gives none away."""
        return self._tag(b"assay key name")[:NAMED]

    def sign(self, message: bytes) -> str:
        """In hexadecimal."""
        return self._tag(message)

    def fits(self, message: bytes, value: str) -> bool:
        """Whether the signature is this key's over this message."""
        return hmac.compare_digest(self._tag(message).encode(), value.encode("utf-8", "surrogatepass"))

    def _tag(self, message: bytes) -> str:
        return hmac.new(self.secret, message, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Pair:
    """An Ed25519 key: the private half signs and checks, the public half only checks."""

    path: Path
    private: Any
    public: Any
    algorithm = "ed25519"

    @property
    def name(self) -> str:
        """The beginning of the public key's SHA-256."""
        return hashlib.sha256(self.public.public_bytes_raw()).hexdigest()[:NAMED]

    def sign(self, message: bytes) -> str:
        """In hexadecimal. InputError for a public key."""
        if self.private is None:
            raise InputError(f"{self.path}: a public key checks signatures; to sign, give the private one")
        return str(self.private.sign(message).hex())

    def fits(self, message: bytes, value: str) -> bool:
        """Whether the signature is this key's over this message."""
        from cryptography.exceptions import InvalidSignature

        try:
            self.public.verify(bytes.fromhex(value), message)
        except (InvalidSignature, ValueError):
            return False
        return True


Key = Secret | Pair


def read_key(path: str | Path) -> Key:
    """A key file: PEM holds an Ed25519 key, anything else is a shared secret of at least 16 bytes."""
    path = Path(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such key file") from None
    except OSError as refused:
        raise InputError(f"{path}: cannot be read: {refused.strerror}") from None
    if b"-----BEGIN" in raw:
        return _pair(path, raw)
    if len(raw) < SHORTEST:
        raise InputError(
            f"{path}: {len(raw)} bytes are no secret; at least {SHORTEST}: head -c 32 /dev/urandom > {path}"
        )
    return Secret(path, raw)


def _pair(path: Path, raw: bytes) -> Pair:
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
    except ModuleNotFoundError:
        raise InputError(f"{path}: {EXTRA}") from None
    try:
        key: object = load_pem_private_key(raw, password=None) if b"PRIVATE KEY" in raw else load_pem_public_key(raw)
    except TypeError:
        raise InputError(f"{path}: protected by a password; give a key without one") from None
    except (ValueError, UnsupportedAlgorithm) as broken:
        raise InputError(f"{path}: not a PEM key: {str(broken).splitlines()[0]}") from None
    if isinstance(key, Ed25519PrivateKey):
        return Pair(path, key, key.public_key())
    if isinstance(key, Ed25519PublicKey):
        return Pair(path, None, key)
    raise InputError(f"{path}: not an Ed25519 key; make one: openssl genpkey -algorithm ed25519 -out {path}")


def signed(certificate: Certificate, key: Key) -> Certificate:
    """The certificate with this key's signature."""
    return replace(certificate, signature=Signature(key.algorithm, key.name, key.sign(certificate.message)))


def objection(certificate: Certificate, key: Key) -> str | None:
    """Why the signature is not this key's; None when it is."""
    signature = certificate.signature
    if signature is None:
        return f"it is not signed, and {key.path} was given to check a signature"
    if (signature.algorithm, signature.key) != (key.algorithm, key.name):
        whose = f"{signature.algorithm} key {signature.key}"
        return f"it is signed by {whose}, not by {key.path} ({key.algorithm} key {key.name})"
    if not key.fits(certificate.message, signature.value):
        return f"the signature is not that of {key.path}: certificate or signature was edited"
    return None
