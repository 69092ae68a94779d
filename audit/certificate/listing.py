"""`Listing`, cert.rows.json: a hash a row and a hash a file, so that what changed can be named.

The certificate holds the hash of this file. Unchanged files are verified without it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.certificate.trees import Member
from audit.files import plain


@dataclass(frozen=True)
class Listing:
    """What cert.rows.json holds."""

    files: tuple[Member, ...]
    """The files of a folder; none for a single file."""
    beside: tuple[Member, ...]
    """The files that the data names."""
    ids: tuple[Any, ...] | None
    """The rows' ids where a column gives them; None: their places."""
    whole: bytes
    """8 bytes a row over all its columns and its picture, the id's place left out."""
    learnt: bytes
    """16 bytes a row over what is learnt from it: features, text, picture, label."""

    def to_bytes(self) -> bytes:
        """JSON."""
        values = {
            "schema_version": 1,
            "files": [[m.path, m.bytes, m.blake3] for m in self.files],
            "beside": [[m.path, m.bytes, m.blake3] for m in self.beside],
            "ids": None if self.ids is None else list(self.ids),
            "whole": self.whole.hex(),
            "learnt": self.learnt.hex(),
        }
        return (json.dumps(plain(values), ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")

    @classmethod
    def of_bytes(cls, raw: bytes) -> Listing:
        """The inverse of `to_bytes`."""
        values = json.loads(raw.decode("utf-8", "surrogatepass"))
        ids = None if values["ids"] is None else tuple(values["ids"])
        files, beside = (tuple(Member(*m) for m in values[name]) for name in ("files", "beside"))
        return cls(files, beside, ids, bytes.fromhex(values["whole"]), bytes.fromhex(values["learnt"]))


def listing_of(path: Path) -> Path:
    """Where a certificate's listing lies: `cert.rows.json` beside `cert.json`."""
    return path.with_suffix(".rows.json")


def is_listing(path: Path) -> bool:
    """Whether a file holds what `Listing.to_bytes` makes, whichever certificate's it is."""
    try:
        values = json.loads(path.read_bytes().decode("utf-8", "surrogatepass"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(values, dict) and values.keys() == {"schema_version", *Listing.__dataclass_fields__}
