"""What a leak is worth in a test score, where the truth was planted."""

import numpy as np
import pytest
from toy import blobs, evidence_of, table_of

from audit.checks.leakage import leakage
from audit.dataset import Dataset
from audit.inflation import HEAD, NEIGHBOUR
from audit.report import Issues
from audit.statistics import paired_difference

CLASSES = np.array(["ash", "birch", "cedar"])


def leaky(shared: int, *, noisy: bool, rows: int = 300, fresh: int = 90) -> tuple[Dataset, Dataset]:
    """Blobs, and fresh ones to test on, `shared` of which are rows of the first; `noisy`: these carry labels drawn at
    random, the same on both sides, which nobody but who has seen them can know."""
    values, labels = blobs(rows, seed=1)
    there, truth = blobs(fresh, seed=2)
    labels = labels.copy()
    if noisy:
        labels[:shared] = np.random.default_rng(5).integers(0, 3, shared)
    test = np.vstack([there[: fresh - shared], values[:shared]])
    named = CLASSES[np.r_[truth[: fresh - shared], labels[:shared]]]
    return table_of(values, CLASSES[labels]), table_of(test, named, [f"t{k}" for k in range(fresh)])


def found(data: Dataset, reference: Dataset, **more: object) -> Issues:
    return leakage(evidence_of(data, reference=reference, **more))


def by_model(issues: Issues) -> dict:
    return {m["model"]: m for m in issues.detail["inflation"]["models"]}


def test_memorised_rows_with_noisy_labels_inflate_the_score_by_what_memory_gains():
    data, reference = leaky(30, noisy=True)
    issues = found(data, reference)
    wrong = (
        CLASSES[blobs(300, seed=1)[1][:30]] != data.given.to_numpy()[:30]
    )  # of 90 rows so many are known by heart only
    memory = by_model(issues)[NEIGHBOUR]
    assert memory["difference"] == pytest.approx(wrong.sum() / 90, abs=0.05)
    assert 0 < memory["low"] <= memory["difference"] <= memory["high"]
    assert memory["score"] - memory["without"] == pytest.approx(memory["difference"])
    assert issues.measures["inflation"] == memory["difference"]
    assert issues.measures["inflation_low"] == memory["low"]


def test_a_linear_head_memorises_less():
    data, reference = leaky(30, noisy=True)
    models = by_model(found(data, reference))
    assert models[HEAD]["difference"] < models[NEIGHBOUR]["difference"] / 2


def test_a_leak_that_changes_nothing_cannot_be_told_from_none():
    data, reference = leaky(30, noisy=False)
    for model in by_model(found(data, reference)).values():
        assert model["difference"] == pytest.approx(0, abs=0.02)
        assert model["low"] < 0 < model["high"]


def test_rows_that_did_not_leak_are_scored_apart():
    data, reference = leaky(30, noisy=True)
    memory = by_model(found(data, reference))[NEIGHBOUR]
    assert memory["score"] == pytest.approx((30 + 60 * memory["unleaked"]) / 90)  # what leaked is known by heart


def test_without_a_leak_there_is_nothing_to_tell_and_the_measure_is_none():
    data, reference = leaky(0, noisy=False)
    issues = found(data, reference)
    assert "inflation" not in issues.detail
    assert issues.measures["inflation"] == 0


def test_without_labels_nothing_is_measured_so_that_a_limit_on_it_cannot_pass():
    data, reference = leaky(30, noisy=False)
    bare = Dataset(
        "bare", reference.table.drop(columns="label"), reference.roles.__class__(features=data.roles.features), ()
    )
    issues = found(data, bare)
    assert issues.measures["exact.count"] == 30
    assert "inflation" not in issues.measures


def test_without_embeddings_of_the_reference_a_note_says_why():
    data, reference = leaky(30, noisy=True)
    issues = found(data, reference, embeddings=data.features.to_numpy("float32"))
    assert "inflation" not in issues.measures
    assert "share no embeddings" in issues.detail["notes"][0]


def test_copies_of_a_leaked_row_are_taken_out_with_it():
    data, reference = leaky(30, noisy=True)
    doubled = table_of(
        np.vstack([data.features.to_numpy(), data.features.to_numpy()[:30]]), [*data.given, *data.given[:30]]
    )
    issues = found(doubled, reference)
    assert issues.detail["inflation"]["dropped"] == 60
    assert by_model(issues)[NEIGHBOUR]["low"] > 0


def test_where_all_leaked_there_is_nothing_left_to_learn_from():
    values, labels = blobs(30, seed=1)
    data = table_of(values, CLASSES[labels])
    issues = found(data, table_of(values, CLASSES[labels], [f"t{k}" for k in range(30)]))
    assert "inflation" not in issues.measures
    assert "not two classes left to learn" in issues.detail["notes"][0]


def test_where_twins_are_much_of_the_data_a_note_says_that_less_is_left_to_learn_from():
    data, reference = leaky(80, noisy=False)
    assert found(data, reference).detail["notes"][0].startswith("80 of 300 rows here are twins of test rows")
    assert "notes" not in found(*leaky(30, noisy=False)).detail


def test_another_split_counts_as_a_reference():
    data, reference = leaky(30, noisy=True)
    both = table_of(np.vstack([data.features, reference.features]), [*data.given, *reference.given])
    table = both.table.assign(split=["train"] * len(data) + ["test"] * len(reference))
    roles = both.roles.__class__(label="label", features=both.roles.features, split="split")
    issues = leakage(evidence_of(Dataset("both", table, roles, both.classes)))
    assert issues.measures["inflation_low"] > 0


def test_a_label_that_is_only_in_the_test_set_is_never_right():
    data, reference = leaky(30, noisy=False)
    table = reference.table.assign(label="yew")
    issues = found(data, Dataset("yews", table, reference.roles, ("yew",)))
    assert by_model(issues)[NEIGHBOUR]["score"] == by_model(issues)[HEAD]["score"] == 0


def test_the_interval_of_a_paired_difference_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    up, down, n = 0.06, 0.02, 150
    draws = rng.multinomial(n, [up, down, 1 - up - down], 4000)
    inside = [low <= up - down <= high for a, b, _ in draws for low, high in [paired_difference(int(a), int(b), n)]]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.02)
