"""Known facts of real data sets, found by the audit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from audit import Given, audit, gate, load, read_suite
from audit.checks.labels import labels
from audit.dataset import ROW, Dataset, Roles
from audit.evidence.gather import Evidence
from audit.noise.methods import self_confidence
from tests.shared import SHARED, needs_shared

pytestmark = [needs_shared, pytest.mark.shared]
COPIES = ("conflicts", "duplicates", "leakage")


def banking77(part: str) -> Dataset:
    return load(SHARED / f"text/banking77_{part}.csv", text="text", label="category")


@pytest.fixture(scope="module")
def train():
    return banking77("train")


@pytest.fixture(scope="module")
def test():
    return banking77("test")


def test_banking77_repeats_and_leaks_only_after_normalising(train, test):
    measures = audit(train, reference=test, checks=COPIES).measures

    assert measures["leakage.exact.count"] == 0
    assert measures["leakage.normalised.count"] == 7
    assert measures["duplicates.exact.count"] == 0
    assert measures["duplicates.normalised.count"] == 4
    assert measures["conflicts.count"] == 0


def test_three_planted_conflicts_in_banking77_are_found(train):
    other = {c: train.classes[i - 1] for i, c in enumerate(train.classes)}
    torn = train.table.iloc[[10, 2000, 9000]].assign(category=lambda t: t["category"].map(other))
    data = load(pd.concat([train.table, torn], ignore_index=True), text="text", label="category")

    found = audit(data, checks=("conflicts",))["conflicts"]

    assert found.measures["count"] == 3
    assert set(found.flagged) == {10, 2000, 9000, len(train), len(train) + 1, len(train) + 2}


def test_sms_spam_has_403_exact_and_415_normalised_repeats():
    data = load(SHARED / "text/sms.tsv", columns=["label", "text"], label="label", text="text")

    measures = audit(data, checks=("duplicates", "conflicts")).measures

    assert len(data) == 5574
    assert measures["duplicates.exact.count"] == 403
    assert measures["duplicates.normalised.count"] == 415
    assert measures["conflicts.count"] == 0


@pytest.mark.parametrize("kind", ["aggre", "worse"])  # 9 and 40 % wrong; `make bench-labels` has the others
def test_cifar10n_errors_rank_above_cleanlabs_default_on_the_same_head(kind):
    label = f"{kind}_label"
    rows = pd.read_parquet(SHARED / "cifar10n/train_20k.parquet", columns=["clean_label", label])
    vectors = np.load(SHARED / "cifar10n/embeddings_train_20k.npy").astype("float32")
    data = Dataset("cifar10n", rows[[label]].rename_axis(ROW), Roles(label=label), tuple(range(10)))
    evidence = Evidence(data, given=Given(embeddings=vectors))
    wrong = (rows["clean_label"] != rows[label]).to_numpy()

    default = average_precision_score(wrong, -self_confidence(evidence.views["linear head"], data.labels))
    issues = labels(evidence)

    assert average_precision_score(wrong, -issues.scores["score"]) > default + 0.02
    assert issues.measures["rate_low"] <= wrong.mean() <= issues.measures["rate_high"]
    assert abs(issues.measures["count"] - wrong.sum()) <= 0.15 * wrong.sum()


@pytest.mark.parametrize(("which", "outcome"), [("dirty", "FAIL"), ("clean", "PASS")])
def test_the_beers_table_fails_what_its_clean_version_satisfies(which, outcome):
    suite = read_suite("beers")
    data = load(SHARED / f"tabular/beers/{which}.csv", unlabelled=True, id="id")

    verdict = gate(audit(data, suite=suite), suite)

    assert verdict.outcome == outcome, [b.why for b in verdict.breaches]
