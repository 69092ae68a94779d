"""A certificate of other bytes, of another verdict, or one that somebody wrote himself."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from audit import audit, certify, load, read_suite, require
from audit.certificate.record import digest_of
from audit.integrations.estimator import Certified
from tests.fooled.content import pictures
from tests.fooled.way import (
    FIT,
    Answers,
    Said,
    Way,
    assay,
    called,
    fingerprint,
    flipped,
    listed,
    suite_file,
    trees,
    written,
)

WAYS: list[Way] = []


def certified(place, table=None, *options):
    """Gate some trees and write a certificate; the paths of both."""
    data, cert = written(place, trees() if table is None else table), place / "cert.json"
    assay("gate", data, "--suite", suite_file(place, FIT), "--certificate", cert, *options)
    return data, cert


def verified(data, cert, *options) -> Said:
    return assay("gate", "--verify", cert, data, *options)


def changed(place, edit) -> Answers:
    """Certify the trees, change them, and ask again; Great Expectations by the hash that it keeps of a table."""
    data, cert = certified(place)
    before = pd.read_csv(data)
    after = edit(before)
    written(place, after)
    return Answers(verified(data, cert), remembered(before, after, edited=not after.equals(before)))


def remembered(before: pd.DataFrame, after: pd.DataFrame, *, edited: bool) -> str:
    """Whether Great Expectations' hash of a table notices."""
    same = fingerprint(before) == fingerprint(after)
    return "its hash of the table " + (("**is the same**" if edited else "is the same") if same else "differs")


def forged(cert, **values):
    """Edit a certificate and hash it anew, as anyone can."""
    body = json.loads(cert.read_text()) | values
    body["blake3"] = digest_of({k: v for k, v in body.items() if k not in ("blake3", "signature")})
    cert.write_text(json.dumps(body))


@listed(WAYS, "nothing happened: the same bytes", 0, "VERIFIED")
def nothing(place):
    return changed(place, lambda t: t)


@listed(WAYS, "one label was changed since", 1, "rows changed: 17")
def label(place):
    return changed(place, lambda t: t.assign(label=t["label"].where(t.index != 17, "ash")))


@listed(WAYS, "rows were reordered since", 1, "rows in another place")
def reordered(place):
    return changed(place, lambda t: t.iloc[::-1])


@listed(WAYS, "a column was renamed since", 1, "column 'crown' is now called 'top'")
def renamed(place):
    return changed(place, lambda t: t.rename(columns={"crown": "top"}))


@listed(WAYS, "columns changed places since", 1, "the columns are in another order")
def columns_moved(place):
    return changed(place, lambda t: t[["crown", "height", "girth", "age", "label"]])


@listed(WAYS, "rows were added since", 1, "rows added: 240")
def added(place):
    return changed(place, lambda t: pd.concat([t, t[:1]]))


@listed(WAYS, "the file was cut off since", 1, "rows removed")
def cut(place):
    data, cert = certified(place)
    data.write_text("".join(data.read_text().splitlines(keepends=True)[:-20]))
    return Answers(verified(data, cert))


@listed(WAYS, "packed anew: other bytes, the same rows", 1, "every row reads as it did")
def repacked(place):
    path, cert = place / "data.csv.gz", place / "cert.json"
    text = trees().to_csv(index=False).encode()
    path.write_bytes(gzip.compress(text, 9, mtime=0))
    assay("gate", path, "--suite", suite_file(place, FIT), "--certificate", cert)
    path.write_bytes(gzip.compress(text, 1, mtime=0))
    return Answers(verified(path, cert))


@listed(WAYS, "the same bytes under a suffix by which they are read otherwise", 1, "another kind of place")
def suffix(place):
    data, cert = certified(place)
    return Answers(verified(data.rename(place / "data.tsv"), cert))


@listed(WAYS, "the certificate is of other data", 1, "its bytes differ")
def other_data(place):
    _, cert = certified(place)
    return Answers(verified(written(place, trees(seed=9), "other.csv"), cert))


@listed(WAYS, "a picture was exchanged behind its unchanged path", 1, "files changed: top/00.png")
def exchanged(place):
    folder, cert = pictures(place), place / "cert.json"
    assay("gate", folder, "--suite", suite_file(place, '[limits]\n"missing.unreadable" = 0\n'), "--certificate", cert)
    names = pd.DataFrame({"path": sorted(str(p) for p in folder.rglob("*.png"))})
    (folder / "top/00.png").write_bytes((folder / "left/01.png").read_bytes())
    return Answers(verified(folder, cert), remembered(names, names, edited=True))


@listed(WAYS, "a picture was moved to another class", 1, "files removed: top/00.png")
def moved(place):
    folder, cert = pictures(place), place / "cert.json"
    assay("gate", folder, "--suite", suite_file(place, '[limits]\n"missing.unreadable" = 0\n'), "--certificate", cert)
    (folder / "top/00.png").rename(folder / "left/00.png")
    return Answers(verified(folder, cert))


@listed(WAYS, "a hidden file lies in the folder since, which loaders read too", 1, "files added: top/.00.png")
def hidden(place):
    folder, cert = pictures(place), place / "cert.json"
    assay("gate", folder, "--suite", suite_file(place, '[limits]\n"missing.unreadable" = 0\n'), "--certificate", cert)
    (folder / "top/.00.png").write_bytes((folder / "top/00.png").read_bytes())
    return Answers(verified(folder, cert))


@listed(WAYS, "the label's column is another one at training", 1, "label is")
def other_label(place):
    data, cert = certified(place, trees().assign(second=flipped(trees())["label"]), "--label", "label")
    return Answers(called(lambda: require(load(data, label="second"), cert)))


@listed(WAYS, "the table was edited in memory after it was loaded", 1, "rows changed: 17")
def in_memory(place):
    path, cert = certified(place)
    data = load(path)
    assert require(data, cert).passed
    data.table.loc[17, "label"] = "ash"
    return Answers(called(lambda: require(data, cert)))


@listed(
    WAYS,
    "a column that nobody judged, the label, lies among those that a certified model is fitted on",
    1,
    "did not judge as what is learnt from: 'answer'",
)
def unjudged_column(place):
    path, cert = certified(place)
    data = load(path)
    model = Certified(DecisionTreeClassifier(), cert)
    assert model.fit(data.features, data.given)
    return Answers(called(lambda: model.fit(data.features.assign(answer=data.labels), data.given)))


@listed(WAYS, "the table was edited in memory between audit and certificate", 3, "the report is of data")
def while_certified(place):
    data, suite = load(written(place, trees())), read_suite(suite_file(place, FIT))
    report = audit(data, suite=suite)
    data.table.loc[17, "label"] = "ash"
    return Answers(called(lambda: certify(data, report, suite)))


@listed(WAYS, "the file was edited between audit and certificate", 3, "was changed after it was read")
def file_edited(place):
    data, suite = load(written(place, trees())), read_suite(suite_file(place, FIT))
    report = audit(data, suite=suite)
    written(place, trees(seed=9))
    return Answers(called(lambda: certify(data, report, suite)))


@listed(WAYS, "the gate failed, and its certificate is shown all the same", 1, "the gate failed this data")
def failed(place):
    return Answers(verified(*certified(place, flipped(trees()))))


@listed(WAYS, "FAIL in a certificate was edited to PASS", 1, "does not match its own hash")
def edited(place):
    data, cert = certified(place, flipped(trees()))
    cert.write_text(cert.read_text().replace('"FAIL"', '"PASS"'))
    return Answers(verified(data, cert))


@listed(
    WAYS,
    "a certificate was edited and hashed anew; the job demands a signature",
    1,
    "certificate or signature was edited",
)
def rehashed(place):
    (place / "key").write_bytes(b"k" * 32)
    data, cert = certified(place, None, "--key", place / "key")
    forged(cert, expires=None, suite={"name": "strict", "fingerprint": "0" * 32})
    return Answers(verified(data, cert, "--key", place / "key"))


@listed(WAYS, "a signature was taken off; the job demands one", 1, "not signed")
def unsigned(place):
    (place / "key").write_bytes(b"k" * 32)
    data, cert = certified(place, None, "--key", place / "key")
    forged(cert, signature=None)
    return Answers(verified(data, cert, "--key", place / "key"))


@listed(WAYS, "it is signed by somebody else", 1, "it is signed by hmac-sha256 key")
def other_key(place):
    (place / "key").write_bytes(b"k" * 32)
    (place / "mine").write_bytes(b"m" * 32)
    data, cert = certified(place, None, "--key", place / "mine")
    return Answers(verified(data, cert, "--key", place / "key"))


@listed(WAYS, "it is signed, and nobody asks by whom", 3, "no key was given to check that")
def unasked(place):
    (place / "key").write_bytes(b"k" * 32)
    return Answers(verified(*certified(place, None, "--key", place / "key")))


def dated(place, when: datetime, **options) -> Answers:
    """A certificate that was made at some time."""
    data, suite = load(written(place, trees())), read_suite(suite_file(place, FIT))
    certify(data, audit(data, suite=suite), suite, now=when, **options).write(place / "cert.json")
    return Answers(verified(place / "data.csv", place / "cert.json"))


@listed(WAYS, "it expired", 1, "it expired at")
def expired(place):
    return dated(place, datetime.now(tz=UTC) - timedelta(days=31), days=30)


@listed(WAYS, "it was made in the future", 3, "which is yet to come")
def future(place):
    return dated(place, datetime.now(tz=UTC) + timedelta(days=2))


@listed(WAYS, "the data was judged by a laxer suite than the job demands", 1, "the data was judged by suite")
def laxer(place):
    data, cert = certified(place)
    strict = place / "strict.toml"
    strict.write_text(FIT.replace("0.05", "0.01"))
    return Answers(verified(data, cert, "--suite", strict))


@listed(WAYS, "two verdicts in one certificate: a key stands twice", 2, "a key stands twice")
def key_twice(place):
    data, cert = certified(place, flipped(trees()))
    cert.write_text(cert.read_text().replace('"outcome": "FAIL"', '"outcome": "PASS", "outcome": "FAIL"'))
    return Answers(verified(data, cert))


@listed(WAYS, "half a certificate", 2, "not a certificate")
def half(place):
    data, cert = certified(place)
    cert.write_text(cert.read_text()[:300])
    return Answers(verified(data, cert))


@listed(WAYS, "no certificate", 2, "no such file")
def none(place):
    return Answers(verified(written(place, trees()), place / "cert.json"))


@listed(WAYS, "the list of rows beside the certificate is gone, and the data changed", 1, "its bytes differ")
def no_listing(place):
    data, cert = certified(place)
    (place / "cert.rows.json").unlink()
    written(place, trees(seed=9))
    return Answers(verified(data, cert))
