"""`assay gate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.commands import options as opt
from audit.commands.audited import Audited, audited
from audit.errors import InputError, OutputError

if TYPE_CHECKING:
    from audit.report import Report
    from audit.suite import Suite


@click.command("gate")
@click.argument("where", metavar="DATA_OR_REPORT")
@opt.suite_option
@click.option("--reference", metavar="DATA", help="The test set, for leakage; only with data.")
@opt.dataset_options
@opt.evidence_options
@click.option("--cache", type=click.Path(path_type=Path), help="Keep evidence here for the next time; only with data.")
@click.option(
    "--certificate", type=click.Path(path_type=Path), help="Write the verdict here, bound to the data's bytes."
)
@click.option(
    "--expires", type=click.IntRange(1, 36_500), metavar="DAYS", help="The certificate is refused after so long."
)
@click.option("--key", type=click.Path(path_type=Path), help="A key file: sign with it, or check who signed.")
@click.option(
    "--verify", type=click.Path(path_type=Path), metavar="CERT", help="Audit nothing: is DATA what CERT let through?"
)
@opt.seed_option
@opt.format_option("text", "json", "markdown")
def command(
    where: str,
    suite: str | None,
    reference: str | None,
    cache: Path | None,
    certificate: Path | None,
    expires: int | None,
    key: Path | None,
    verify: Path | None,
    seed: int,
    form: str,
    **kwargs: Any,
) -> int:
    """Decide whether data is fit to train on: PASS, WARN, FAIL or ERROR, with every breach.

    Given a report's folder it judges that report, by the suite it was made for unless --suite names another; given
    data it audits it first. Exit code 0 pass or warn, 1 fail, 2 usage or unreadable input, 3 could not decide.

    With --certificate FILE the verdict is written down, bound to the data. With --verify FILE such a certificate is
    held against DATA instead: 0 these bytes passed, 1 they failed, changed or the certificate does not hold.
    """
    if verify is not None:
        auditing = {"reference": reference, "cache": cache, "certificate": certificate, "expires": expires, **kwargs}
        _refuse(auditing, "goes with an audit, and --verify makes none", where)
        return _verified(where, verify, key, suite, form)
    if certificate is None:
        _refuse({"expires": expires, "key": key}, "goes with --certificate or --verify", where)
    if not (Path(where) / "audit.json").is_file():
        _make_way(where, certificate, key)
        done = audited(where, reference=reference, suite=suite, cache=cache, seed=seed, options=kwargs)
        code = _say(done.report, done.suite, form)
        if certificate is not None:
            _certify(done, where, certificate, key, expires, form)
        return code
    auditing = {"reference": reference, "cache": cache, "certificate": certificate, **kwargs}
    _refuse(auditing, "goes with data, and this is a report; give it to assay audit", where)
    return _say(*_judged(where, suite), form)


def _judged(where: str, suite: str | None) -> tuple[Report, Suite]:
    from audit.report import Report
    from audit.suite import read_suite

    report = Report.read(Path(where))
    return report, read_suite(suite) if suite else _own_suite(report, where)


def _own_suite(report: Report, where: str) -> Suite:
    """The suite that the report was made for: by another, what it was asked to look at might not count."""
    from audit.suite import parse_suite

    own = parse_suite(report.demands, name=report.suite, path=where)
    if own.fingerprint != report.suite_fingerprint:
        raise InputError(f"{where}: suite {report.suite} cannot be rebuilt from the report; name it with --suite")
    return own


def _say(report: Report, suite: Suite, form: str) -> int:
    """Judge, print the verdict, return its exit code."""
    from audit.render.gate import gate_markdown, gate_terminal
    from audit.verdict import gate

    verdict = gate(report, suite)
    if form == "json":
        click.echo(json.dumps(verdict.to_dict(), ensure_ascii=False, indent=1))
    elif form == "markdown":
        click.echo(gate_markdown(verdict))
    else:
        click.echo(gate_terminal(verdict, colour=opt.colour()))
    return verdict.exit_code


def _refuse(said: dict[str, Any], why: str, where: str) -> None:
    """What cannot be heeded is refused, not passed over."""
    for name, value in said.items():
        if value not in (None, False, ()):
            option = "--no-label" if name == "unlabelled" else f"--{name.replace('_', '-')}"
            raise InputError(f"{where}: {option} {why}")


# -- certificates --------------------------------------------------------------------------------------------------


def _make_way(where: str, path: Path | None, key: Path | None) -> None:
    """Whatever would stop a certificate is said before the audit; an old one goes, so that none outlives a broken gate.

    OutputError when something else is there, or when it would lie in the very folder that it is bound to.
    """
    from audit.certificate.listing import listing_of
    from audit.certificate.signing import read_key

    if path is None:
        return
    if key is not None:
        read_key(key).sign(b"")
    if Path(where).is_dir() and path.resolve().is_relative_to(Path(where).resolve()):
        raise OutputError(f"{path}: lies in {where}, whose bytes it is bound to; write it elsewhere")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}")
    if path.exists() and not _is_certificate(path):
        raise OutputError(f"{path}: exists and is not a certificate; name another file")
    path.unlink(missing_ok=True)
    listing_of(path).unlink(missing_ok=True)


def _is_certificate(path: Path) -> bool:
    from audit.certificate.record import ABOUT_ITSELF
    from audit.files import read_json

    try:
        return {"schema_version", *ABOUT_ITSELF} <= set(read_json(path))
    except InputError:
        return False


def _certify(done: Audited, where: str, path: Path, key: Path | None, days: int | None, form: str) -> None:
    from audit.certificate.issue import certify
    from audit.render.certificate import written_line

    made = certify(done.data, done.report, done.suite, where=where, key=key, days=days)
    made.write(path)
    click.echo(written_line(made, path), err=form != "text")


def _demanded(suite: str | None) -> Suite | None:
    if suite is None:  # then verifying is spared the import
        return None
    from audit.suite import read_suite

    return read_suite(suite)


def _verified(where: str, path: Path, key: Path | None, suite: str | None, form: str) -> int:
    """Hold a certificate against data. What reads data is imported only when unchanged bytes do not settle it."""
    from audit.certificate.record import Certificate
    from audit.certificate.signing import read_key
    from audit.certificate.verify import verify_files
    from audit.render.certificate import verification_markdown, verification_terminal

    held = Certificate.read(path)
    answer = verify_files(where, held, key=read_key(key) if key else None, suite=_demanded(suite))
    if answer.differs or held.gated.kind == "memory":
        from audit.certificate.demand import verify

        answer = verify(where, held, key=key, suite=suite)
    if form == "json":
        click.echo(json.dumps(answer.to_dict(), ensure_ascii=False, indent=1))
    elif form == "markdown":
        click.echo(verification_markdown(answer))
    else:
        click.echo(verification_terminal(answer, colour=opt.colour()))
    return answer.exit_code
