"""A Dataset keeps its hashes, and its table can still be edited in place: nobody trusts what was kept from before."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy import blobs, table_of

from audit.dataset import Dataset
from audit.difference import diff
from audit.emit import write_clean
from audit.errors import StaleError
from audit.faults import selftest
from audit.patch import empty_patch
from audit.report import Report
from audit.run import audit
from audit.suite import Limit, Suite
from audit.treatments import TREATMENTS, Treatment, review, treat

MADE = {
    **TREATMENTS,
    "review": lambda data, report: review(data, report, settled={}),
    "several": lambda data, report: treat(data, report, ["prune", "reweight"]),
}
by_each_treatment = pytest.mark.parametrize("treatment", MADE.values(), ids=MADE)


def hashed() -> Dataset:
    """Rows of which one has an empty cell, and which have kept their fingerprint and what follows from it."""
    values, labels = blobs(60)
    values[5, 0] = np.nan
    data = table_of(values, np.array(["ash", "birch", "cedar"])[labels])
    assert (len(data.fingerprint), len(data.content)) == (32, 60)
    return data


def audited(data: Dataset) -> Report:
    return audit(data, checks=["missing", "labels", "duplicates"], suite=Suite("none"))


def edited(data: Dataset) -> Dataset:
    """The same object, with another value in its table."""
    data.table.loc[7, "x1"] = 1234.5
    return data


@pytest.fixture(scope="module")
def report() -> Report:
    return audited(hashed())


@by_each_treatment
def test_no_repair_is_made_by_the_report_of_data_that_was_edited_since(report, treatment: Treatment):
    with pytest.raises(StaleError, match="audit it again"):
        treatment(edited(hashed()), report)


@by_each_treatment
def test_a_repair_by_an_audit_made_after_the_edit_is_of_the_edited_data(treatment: Treatment):
    data = edited(hashed())
    now = audited(data)
    patch = treatment(data, now)

    assert patch.base == now.dataset.fingerprint
    assert set(patch.apply(data).rows) <= set(data.rows)


def test_a_patch_is_not_laid_over_data_that_was_edited_since():
    data = hashed()
    patch = empty_patch(data.fingerprint)

    with pytest.raises(StaleError, match="the patch is for data"):
        patch.apply(edited(data))


def test_a_report_of_before_the_edit_is_not_compared(report):
    with pytest.raises(StaleError, match="the report is of other data"):
        diff(hashed(), edited(hashed()), (report, report))


def test_a_repair_of_before_the_edit_is_not_written(report, tmp_path: Path):
    data = hashed()
    patch = treat(data, report, ["prune"])
    write_clean(data, patch, tmp_path / "clean", report=report)

    with pytest.raises(StaleError, match="the report is of data"):
        write_clean(edited(data), patch, tmp_path / "other", report=report)
    assert not (tmp_path / "other").exists()


def test_a_self_test_is_of_the_data_as_it_is_now():
    data = edited(hashed())
    suite = Suite("some", limits=(Limit("missing.rate", 0.5),))

    assert selftest(data, suite, faults=["nulls"]).fingerprint == replace(data).fingerprint != data.fingerprint
