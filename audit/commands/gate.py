"""`assay gate`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.commands import options as opt
from audit.commands.audited import Audited, audited
from audit.commands.configured import configured, is_configured, source_of
from audit.errors import AssayError, InputError, OutputError

if TYPE_CHECKING:
    from audit.dataset import Dataset
    from audit.report import Report
    from audit.sources.lines import Places
    from audit.suite import Severity, Suite
    from audit.suite.baseline import Baseline
    from audit.verdict import Verdict

VERIFIED = ("text", "json", "markdown")
Render = Callable[["Report", "Suite", "Verdict", "Places"], str]
POINTING = ("junit", "sarif", "github")


@dataclass(frozen=True)
class _Wanted:
    """How to judge and what to print."""

    form: str
    fail_on: Severity
    baseline: Baseline | None


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
@click.option(
    "--fail-on",
    type=click.Choice(["critical", "warning"]),
    default="critical",
    show_default=True,
    help="The least severity of a breach that fails the gate.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    help="An earlier audit.json: demand no less than the suite does, or than was met then. Says what it loosened.",
)
@click.option(
    "--schema-only",
    is_flag=True,
    help="Judge a database's table by the suite's expectations alone, where it lies: no row is read.",
)
@opt.seed_option
@opt.format_option("text", "json", "markdown", "junit", "sarif", "github")
@configured
def command(
    where: str,
    suite: str | None,
    reference: str | None,
    cache: Path | None,
    certificate: Path | None,
    expires: int | None,
    key: Path | None,
    verify: Path | None,
    fail_on: Severity,
    baseline: Path | None,
    schema_only: bool,
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
    where, reference = opt.placed(where, kwargs), opt.beside(reference, kwargs)
    if verify is not None:
        auditing = {"reference": reference, "cache": cache, "certificate": certificate, "expires": expires, **kwargs}
        auditing |= {"schema_only": schema_only, **_named_in(where)}
        auditing |= {"baseline": baseline, "fail_on": fail_on if fail_on != "critical" else None}
        _refuse(auditing, "goes with an audit, and --verify makes none", where)
        if form not in VERIFIED and not is_configured("form"):
            raise InputError(f"{where}: --verify answers as {', '.join(VERIFIED)}, not as {form}")
        if form not in VERIFIED:
            click.echo(
                f"--verify answers as {', '.join(VERIFIED)}; {form} is set for all commands, this is text", err=True
            )
            form = "text"
        return _verified(where, verify, key, suite, form)
    if certificate is None:
        _refuse({"expires": expires, "key": key}, "goes with --certificate or --verify", where)
    else:
        _refuse_another_verdict(where, baseline, fail_on)
        baseline = None
    wanted = _Wanted(form, fail_on, _baseline(baseline))
    if schema_only:
        reading = {"reference": reference, "cache": cache, "certificate": certificate, **kwargs, **_named_in(where)}
        _refuse(reading, "needs the rows, and --schema-only reads none", where)
        return _say(*_in_place(where, suite), wanted, None)
    from audit.commands.folder import is_report  # verifying is spared the import

    if not is_report(Path(where)):
        _make_way(where, certificate, key)
        done = audited(where, reference=reference, suite=suite, cache=cache, seed=seed, options=kwargs)
        code = _say(done.report, done.suite, wanted, done.data)
        if certificate is not None:
            _certify(done, where, certificate, key, expires, form)
        return code
    auditing = {"reference": reference, "cache": cache, "certificate": certificate, **kwargs}
    _refuse(auditing, "goes with data, and this is a report; give it to assay audit", where)
    return _say(*_judged(where, None if is_configured("suite") else suite), wanted, None)


def _refuse_another_verdict(where: str, baseline: Path | None, fail_on: Severity) -> None:
    """InputError where another verdict than a certificate's was asked for; a baseline of the file is said to be left out."""
    why = "does not go with --certificate, which says that the suite itself is met"
    if baseline is not None and not is_configured("baseline"):
        raise InputError(f"{where}: --baseline {why}")
    if fail_on != "critical" and is_configured("fail_on"):
        said = f'fail_on = "{fail_on}", which {source_of("fail_on")} sets,'
        raise InputError(f"{where}: {said} {why}; type --fail-on critical beside it")
    if fail_on != "critical":
        raise InputError(f"{where}: --fail-on {why}")
    if baseline is not None:
        said = f"{baseline}: the baseline that {source_of('baseline')} sets"
        click.echo(f"{said} is left out: a certificate says that the suite itself is met", err=True)


def _baseline(path: Path | None) -> Baseline | None:
    """Read before anything is audited, so that a wrong file costs nothing."""
    from audit.suite.baseline import read_baseline

    return read_baseline(path) if path is not None else None


def _judged(where: str, suite: str | None) -> tuple[Report, Suite]:
    from audit.report import Report
    from audit.suite import read_suite
    from audit.verdict import own_suite

    report = Report.read(Path(where))
    return report, read_suite(suite) if suite else own_suite(report, where)


def _in_place(where: str, suite: str | None) -> tuple[Report, Suite]:
    """A report of a database's table that was made where it lies."""
    if not _named_in(where):
        raise InputError(f"{where}: --schema-only is for a table of a database; a file's rows are read anyway")
    from audit.in_place import audit_in_place
    from audit.suite import read_suite

    if suite is None:
        raise InputError(f"{where}: --schema-only judges by a suite's expectations: name one with --suite")
    chosen = read_suite(suite)
    return audit_in_place(where, chosen, command=opt.command_line(), created=opt.today()), chosen


def _named_in(where: str) -> dict[str, None]:
    """The options that an address has taken up."""
    from audit.address import is_address

    return {"table": None, "id": None} if is_address(where) else {}


def _say(report: Report, suite: Suite, wanted: _Wanted, data: Dataset | None) -> int:
    """Judge, print the verdict, return its exit code."""
    from audit.render.gate import gate_markdown, gate_terminal
    from audit.verdict import gate

    verdict = gate(report, suite, fail_on=wanted.fail_on, baseline=wanted.baseline)
    if wanted.form in POINTING:
        click.echo(_pointed(report, suite, verdict, wanted.form, data), nl=False)
    elif wanted.form == "json":
        click.echo(json.dumps(verdict.to_dict(), ensure_ascii=False, indent=1))
    elif wanted.form == "markdown":
        click.echo(gate_markdown(verdict))
    else:
        click.echo(gate_terminal(verdict, colour=opt.colour()))
    return verdict.exit_code


def _pointed(report: Report, suite: Suite, verdict: Verdict, form: str, data: Dataset | None) -> str:
    """The verdict in a form that points at files and lines."""
    from audit.render.annotations import github_annotations
    from audit.render.junit import junit
    from audit.render.sarif import sarif
    from audit.sources.lines import Places, places_of

    data = data or _data_of(report)
    if data is None:
        click.echo("lines are not given: the data is not, or not any more, where the report says", err=True)
    render: Render = {"junit": junit, "sarif": sarif, "github": github_annotations}[form]
    places = places_of(data) if data is not None else Places()
    return render(report, suite, verdict, places)


def _data_of(report: Report) -> Dataset | None:
    """The data that a report is of, if it still lies where it lay and is what it was."""
    from audit.sources import load

    if not report.dataset.fingerprint:  # no row was read, and none is to be
        return None
    try:
        data = load(report.dataset.name, **report.dataset.roles.to_load())
    except AssayError:  # a line is a help, not a finding; that there is none is said
        return None
    return data if data.fingerprint == report.dataset.fingerprint else None


def _refuse(said: dict[str, Any], why: str, where: str) -> None:
    """What cannot be heeded is refused, not passed over; what is set for all commands need not fit each."""
    for name, value in said.items():
        if value not in (None, False, ()) and not is_configured(name):
            option = "--no-label" if name == "unlabelled" else f"--{name.replace('_', '-')}"
            raise InputError(f"{where}: {option} {why}")


# -- certificates --------------------------------------------------------------------------------------------------


def _make_way(where: str, path: Path | None, key: Path | None) -> None:
    """Whatever would stop a certificate is said before the audit; an old one goes, so that none outlives a broken gate.

    OutputError when something else is there or where its list of rows would lie, or when it would lie in the very
    folder that it is bound to.
    """
    from audit.certificate.listing import is_listing, listing_of
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
    listing = listing_of(path)
    if listing.exists() and not is_listing(listing):
        raise OutputError(f"{listing}: would be written over, and belongs to no certificate; name another file")
    path.unlink(missing_ok=True)
    listing.unlink(missing_ok=True)


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
    answer = None
    if held.gated.kind != "memory" and not _named_in(where):
        answer = verify_files(where, held, key=read_key(key) if key else None, suite=_demanded(suite))
    if answer is None or answer.differs:
        from audit.certificate.demand import verify

        answer = verify(where, held, key=key, suite=suite)
    if form == "json":
        click.echo(json.dumps(answer.to_dict(), ensure_ascii=False, indent=1))
    elif form == "markdown":
        click.echo(verification_markdown(answer))
    else:
        click.echo(verification_terminal(answer, colour=opt.colour()))
    return answer.exit_code
