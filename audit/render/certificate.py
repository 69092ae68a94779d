"""What a certificate says of some data, for a terminal and for a pull request."""

from __future__ import annotations

from audit.address import short
from audit.certificate.record import Certificate
from audit.certificate.verify import Verification

COLOURS = {"VERIFIED": "32", "REFUSED": "1;31", "UNDECIDED": "35"}


def verification_terminal(answer: Verification, *, colour: bool = False) -> str:
    """Every reason and every change, then one line that says it all."""
    word = f"\x1b[{COLOURS[answer.outcome]}m{answer.outcome}\x1b[0m" if colour else answer.outcome
    return "\n".join([*_lines(answer), f"{word}: {_said(answer)}"])


def verification_markdown(answer: Verification) -> str:
    """The same for a pull-request comment."""
    return "\n".join([f"**{answer.outcome}** {_said(answer)}", "", *(f"- {line}" for line in _lines(answer))])


def written_line(certificate: Certificate, path: object) -> str:
    """What was written, after a gate."""
    signed = f", signed ({certificate.signature.algorithm})" if certificate.signature else ""
    expires = f", expires {certificate.expires}" if certificate.expires else ""
    return f"certificate of {certificate.outcome}: {path}{signed}{expires}"


def _lines(answer: Verification) -> list[str]:
    changes = answer.changes.sentences() if answer.changes else []
    return [_plain(line) for line in [*(r.why for r in answer.reasons), *changes]]


def _said(answer: Verification) -> str:
    held = answer.certificate
    name = _plain(short(answer.where))
    judged = f"{held.outcome} by suite {_plain(held.suite)}, {held.judged} demands, {held.created}"
    if answer.exit_code == 0:
        signer = held.signature and f"signed by {held.signature.algorithm} key {held.signature.key}"
        return f"{name} is what was judged: {judged}, {signer or 'unsigned'}"
    return f"{name} is not to be trained on; the certificate says {judged}"


def _plain(text: str) -> str:
    """Names come from the data: no line breaks, no terminal escape codes."""
    return "".join(c if c.isprintable() else " " for c in str(text))
