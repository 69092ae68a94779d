"""Checks that break, disks that are full, reports that were edited."""

from __future__ import annotations

import json
import resource
from contextlib import chdir, contextmanager
from pathlib import Path

from cleanlab.filter import find_label_issues  # noqa: F401  imported before any file may be written

from audit import Issues, assert_fit, audit, gate, load, read_suite
from tests.fooled.content import pictures
from tests.fooled.way import (
    FIT,
    Answers,
    Said,
    Way,
    assay,
    called,
    datalab,
    flipped,
    gx,
    listed,
    measured,
    suite_file,
    trees,
    written,
)

WAYS: list[Way] = []


def by_library(place, checks) -> Said:
    """The gate's answer to an audit by some checks of one's own."""
    data, suite = load(written(place, trees())), read_suite(suite_file(place, FIT))
    verdict = gate(audit(data, suite=suite, checks=checks), suite)
    return Said(verdict.exit_code, f"{verdict.outcome}: {'; '.join(b.why for b in verdict.breaches)}")


@listed(WAYS, "a check crashes", 3, "ZeroDivisionError")
def crash(place):
    def broken(evidence):
        return Issues("broken", measures={"count": 1 / 0})

    wrong = ("expect_column_values_to_match_regex", {"column": "label", "regex": "("})
    too_many = {"label": {}, "outlier": {"k": 1000}}
    return Answers(
        by_library(place, ["labels", "missing", "conflicts", "duplicates", broken]),
        gx(trees(), wrong),
        datalab(trees(), features=measured(trees()), issue_types=too_many),
    )


@listed(WAYS, "a check's measure is NaN, which no limit is below", 3, "no number to hold against a limit")
def nan_measure(place):
    def broken(evidence):
        return Issues("broken", measures={"count": float("nan")})

    return Answers(by_library(place, ["labels", "missing", "conflicts", "duplicates", broken]))


@listed(WAYS, "a check that is limited was left out", 1, "no check 'labels' ran")
def left_out(place):
    return Answers(by_library(place, ["missing", "conflicts", "duplicates"]))


@listed(WAYS, "a check of one's own says it is called labels, and finds nothing", 1, "labels has no measure")
def impostor(place):
    def labels(evidence):
        return Issues("labels", measures={"count": 0})

    return Answers(by_library(place, ["missing", "conflicts", "duplicates", labels]))


@contextmanager
def full_disk(room: int):
    """No file of this process may grow beyond `room` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@listed(
    WAYS, "out of disk while the certificate is written: the older one is gone too", 2, "cannot write: File too large"
)
def no_room(place):
    data, cert = written(place, trees()), place / "cert.json"
    suite = suite_file(place, FIT)
    assay("gate", data, "--suite", suite, "--certificate", cert)
    with full_disk(600):
        said = assay("gate", data, "--suite", suite, "--certificate", cert)
    assert sorted(p.name for p in place.iterdir()) == ["data.csv", "suite.toml"]
    return Answers(said)


@listed(WAYS, "out of disk while evidence is kept", 2, "cannot write: File too large")
def no_room_for_evidence(place):
    data, suite = written(place, trees()), suite_file(place, FIT)
    with full_disk(600):
        return Answers(assay("gate", data, "--suite", suite, "--cache", place / "cache"))


@listed(WAYS, "the audit broke off; a certificate of last week lies there under the same name", 2, "no such file")
def broke_off(place):
    data, cert, suite = written(place, trees()), place / "cert.json", suite_file(place, FIT)
    assay("gate", data, "--suite", suite, "--certificate", cert)
    written(place, b"")
    assert assay("gate", data, "--suite", suite, "--certificate", cert).code == 2
    written(place, trees())
    return Answers(assay("gate", "--verify", cert, data))


@listed(WAYS, "the kept evidence was cut off", 0, "PASS")
def cut_cache(place):
    data, suite, cache = written(place, trees()), suite_file(place, FIT), place / "cache"
    assay("gate", data, "--suite", suite, "--cache", cache)
    for path in cache.glob("*.npz"):
        path.write_bytes(path.read_bytes()[:100])
    return Answers(assay("gate", data, "--suite", suite, "--cache", cache))


@listed(WAYS, "the kept findings are of the file as it was", 1, "labels.rate")
def old_cache(place):
    suite, cache = suite_file(place, FIT), place / "cache"
    assay("gate", written(place, trees()), "--suite", suite, "--cache", cache)
    return Answers(assay("gate", written(place, flipped(trees())), "--suite", suite, "--cache", cache))


@listed(WAYS, "an option that belongs to an audit is given with a certificate to verify", 2, "--verify makes none")
def ignored_option(place):
    data, cert, suite = written(place, trees()), place / "cert.json", suite_file(place, FIT)
    assay("gate", data, "--suite", suite, "--certificate", cert)
    return Answers(assay("gate", "--verify", cert, data, "--reference", data))


@listed(WAYS, "the certificate would be written over another file", 2, "is not a certificate; name another file")
def overwritten(place):
    data = written(place, trees())
    return Answers(assay("gate", data, "--suite", suite_file(place, FIT), "--certificate", data))


@listed(WAYS, "the certificate's list of rows would be written over another file", 2, "belongs to no certificate")
def rows_overwritten(place):
    data, own = written(place, trees()), written(place, '{"rows": "mine"}', "cert.rows.json")
    said = assay("gate", data, "--suite", suite_file(place, FIT), "--certificate", place / "cert.json")
    assert own.read_text() == '{"rows": "mine"}'
    return Answers(said)


@listed(WAYS, "the data is edited in place in memory after the audit whose report is shown for it", 3, "the report is of other data")  # fmt: skip
def edited_after_its_report(place):
    data, suite = load(written(place, trees()), label="label"), read_suite(suite_file(place, FIT))
    report = audit(data, suite=suite)
    data.table.iloc[:5, 0] = None
    return Answers(called(lambda: assert_fit(data, suite, report=report)))


@listed(WAYS, "the data is edited in place in memory, audited before and after with one cache", 1, "5 is above 0")
def edited_between_audits(place):
    data, suite = load(written(place, trees()), label="label"), read_suite(suite_file(place, FIT))
    audit(data, suite=suite, cache=place / "cache")
    data.table.iloc[:5, 0] = None
    verdict = gate(audit(data, suite=suite, cache=place / "cache"), suite)
    return Answers(Said(verdict.exit_code, f"{verdict.outcome}: {'; '.join(b.why for b in verdict.breaches)}"))


# -- reports -----------------------------------------------------------------------------------------------------------


def reported(place: Path, edit) -> Answers:
    """Audit flipped labels, edit the report's audit.json, and gate the report."""
    report = place / "report"
    assay("audit", written(place, flipped(trees())), "--suite", suite_file(place, FIT), "-o", report)
    path = report / "audit.json"
    values = json.loads(path.read_text())
    edit(values)
    path.write_text(json.dumps(values))
    return Answers(assay("gate", report))


@listed(WAYS, "a report's measure was edited", 3, "does not match its own hash")
def measure_edited(place):
    return reported(place, lambda v: v["checks"]["labels"]["measures"].update(rate=0.0))


@listed(WAYS, "a report's measure was taken out", 3, "does not match its own hash")
def measure_gone(place):
    return reported(place, lambda v: v["checks"]["labels"]["measures"].pop("rate"))


@listed(WAYS, "a report's check was taken out", 3, "does not match its own hash")
def check_gone(place):
    return reported(place, lambda v: v["checks"].pop("labels"))


@listed(WAYS, "a report's own suite was made laxer", 3, "does not match its own hash")
def demands_edited(place):
    return reported(place, lambda v: v["suite"]["demands"]["limits"].clear())


@listed(WAYS, "assay.toml sets a laxer suite than the one the report was made for", 1, "missing.count: 5, at most 0")
def laxer_settings(place):
    gappy = trees().assign(height=lambda t: t["height"].where(t.index >= 5))
    report = place / "report"
    assay("audit", written(place, gappy), "--suite", suite_file(place, FIT), "-o", report)
    (place / "lax.toml").write_text('[limits]\n"missing.count" = 9\n')
    (place / "assay.toml").write_text('suite = "lax.toml"\n')
    with chdir(place):
        return Answers(assay("gate", report))


@listed(WAYS, "a report of last week lies among the pictures that are gated", 2, "what no audit writes: left, top")
def among_pictures(place):
    assay("audit", written(place, trees()), "--suite", suite_file(place, FIT), "-o", place / "report")
    tiles = pictures(place)
    for path in (place / "report").glob("*.*"):
        path.rename(tiles / path.name)
    return Answers(assay("gate", tiles))


@listed(WAYS, "a report of another version", 2, "schema_version")
def other_version(place):
    return reported(place, lambda v: v.update(schema_version=1))


@listed(WAYS, "half a report: issues.parquet is gone", 2, "issues.parquet")
def half_report(place):
    report = place / "report"
    assay("audit", written(place, flipped(trees())), "--suite", suite_file(place, FIT), "-o", report)
    (report / "issues.parquet").unlink()
    return Answers(assay("gate", report))
