"""What a leak is worth in a test score, where the truth was planted."""

import numpy as np
import pytest
from toy import blobs, evidence_of, table_of

from audit.checks.leakage import leakage
from audit.dataset import Dataset
from audit.inflation import HEAD, NEIGHBOUR
from audit.report import Issues

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


def test_a_class_most_of_which_leaked_is_still_known_without_the_leak():
    values, labels = blobs(300, seed=1)
    there, truth = blobs(300, seed=2)
    rare = CLASSES[truth] == "cedar"
    kept = CLASSES[labels] != "cedar"  # all cedars that are learnt from are in the test set too
    data = table_of(np.vstack([values[kept], there[rare]]), [*CLASSES[labels[kept]], *CLASSES[truth[rare]]])
    issues = found(data, table_of(there, CLASSES[truth], [f"t{k}" for k in range(300)]))
    assert issues.detail["inflation"]["leaked"] == rare.sum() > 80
    for model in by_model(issues).values():
        assert model["difference"] == pytest.approx(0, abs=0.02)


def test_where_all_leaked_with_labels_drawn_at_random_all_beyond_chance_is_memory():
    rng = np.random.default_rng(3)
    values, labels = rng.normal(size=(150, 4)), CLASSES[rng.integers(0, 3, 150)]
    memory = by_model(found(table_of(values, labels), table_of(values, labels, [f"t{k}" for k in range(150)])))
    assert memory[NEIGHBOUR]["score"] == 1
    assert memory[NEIGHBOUR]["without"] == pytest.approx(1 / 3, abs=0.1)
    assert memory[NEIGHBOUR]["unleaked"] is None


def test_without_two_classes_left_there_is_nothing_to_learn():
    values = np.vstack([blobs(30, seed=1)[0], np.full((3, 4), 50.0)])
    labels = ["ash"] * 30 + ["yew"] * 3  # copies of one row: none can be left in
    issues = found(table_of(values, labels), table_of(values[25:], labels[25:], [f"t{k}" for k in range(8)]))
    assert "inflation" not in issues.measures
    assert "not two classes left to learn" in issues.detail["notes"][0]


def test_where_much_is_left_out_at_once_a_note_says_that_less_is_left_to_learn_from():
    data, reference = leaky(80, noisy=False, rows=100)
    assert (
        found(data, reference).detail["notes"][0].startswith("without rows that leaked a model learns from up to 16 of")
    )
    assert "notes" not in found(*leaky(80, noisy=False)).detail


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
