"""Verified rows are read strictly, and what is corrected by them covers the truth that noisy labels miss."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from audit import Given, audit, load
from audit.errors import InputError, UnknownName
from train.judge import truth
from train.judge.statistics import crossed
from train.judge.truth import Verified, corrected_accuracies, corrected_differences, powered, read_verified, verified

NAMES = ("cat", "dog", "fox")


@pytest.fixture
def animals():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": rng.normal(size=200), "kind": [NAMES[i % 3] for i in range(200)]})
    table.index = [f"r{i}" for i in range(200)]
    return load(table, label="kind", features=["x"])


def lines(data, n=60, **changes):
    rows = pd.DataFrame({"row": data.rows[:n], "label": data.given.iloc[:n].to_numpy()})
    return rows.assign(**changes)


# -- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_rows_and_labels_are_found_by_name_in_any_order(tmp_path, animals, suffix):
    rows = lines(animals).sample(frac=1, random_state=1)
    rows.loc[rows["row"] == "r0", "label"] = "fox"
    path = tmp_path / f"verified.{suffix}"
    rows.to_csv(path, index=False) if suffix == "csv" else rows.to_parquet(path, index=False)

    found = read_verified(path, animals)

    assert found.positions.tolist() == list(range(60))
    assert found.labels[:3].tolist() == [2, 1, 2]
    assert found.noise == pytest.approx(1 / 60)


def test_the_test_sets_own_column_names_will_do(tmp_path):
    table = pd.DataFrame({"n": range(80), "x": np.arange(80.0), "kind": [NAMES[i % 3] for i in range(80)]})
    data = load(table, label="kind", id="n", features=["x"])
    path = tmp_path / "verified.csv"
    table[["n", "kind"]].to_csv(path, index=False)

    assert len(read_verified(path, data)) == 80


def test_numbers_are_the_same_row_and_class_however_they_are_written(tmp_path):
    table = pd.DataFrame({"x": np.arange(80.0), "digit": [i % 10 for i in range(80)]})
    data = load(table, label="digit", features=["x"])
    path = tmp_path / "verified.parquet"
    pd.DataFrame({"row": [float(i) for i in range(60)], "label": [str(i % 10) for i in range(60)]}).to_parquet(path)

    assert read_verified(path, data).noise == 0


def test_true_and_false_are_classes_like_any_other():
    table = pd.DataFrame({"x": np.arange(80.0), "spam": [i % 2 == 0 for i in range(80)]})
    data = load(table, label="spam", features=["x"])

    assert verified([(i, "true" if i % 2 == 0 else "FALSE") for i in range(60)], data).noise == 0


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda r: r.head(49), InputError, "49 rows; at least 50"),
        (lambda r: pd.concat([r, r.head(1)]), InputError, "named twice: row r0"),
        (lambda r: r.replace("r5", "r999"), UnknownName, "no row 'r999'"),
        (lambda r: r.replace("dog", "dgo"), UnknownName, "row r1: no class 'dgo'.*did you mean 'dog'"),
        (lambda r: r.rename(columns={"label": "labels"}), UnknownName, "no column 'label'.*did you mean 'labels'"),
        (lambda r: r.rename(columns={"row": "rows"}), UnknownName, "did you mean 'rows'"),
        (lambda r: r.replace("fox", None), InputError, "column 'label' is empty in 20 of 60 lines: 2, 5"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, animals, change, error, said):
    path = tmp_path / "verified.csv"
    change(lines(animals)).to_csv(path, index=False)

    with pytest.raises(error, match=said):
        read_verified(path, animals)


def test_a_file_that_is_not_there_is_an_error(tmp_path, animals):
    with pytest.raises(InputError, match="no such file"):
        read_verified(tmp_path / "verified.csv", animals)


# -- correcting ------------------------------------------------------------------------------------------------------


def world(rng, seeds=4, rows=1500, noise=0.2, better=0.06):
    """Two models whose chances to be right on a row are 0.6 and 0.6 + better whatever the row, and noisy labels that
    the worse model repeats half the time."""
    true = rng.integers(0, 5, rows)
    given = np.where(rng.random(rows) < noise, (true + 1) % 5, true)
    luck = rng.random((seeds, rows))
    other = (true + rng.integers(2, 5, (seeds, rows))) % 5
    wrong = np.where(rng.random((seeds, rows)) < 0.5, (true + 1) % 5, other)
    return np.where(luck < 0.6, true, wrong), np.where(luck < 0.6 + better, true, wrong), true, given


def some_rows(rng, true, n=200):
    positions = np.sort(rng.choice(len(true), n, replace=False))
    return Verified(positions, true[positions], 0.0)


def test_corrected_numbers_cover_the_truth_and_the_noisy_ones_do_not():
    rng = np.random.default_rng(0)
    covered, seen = [], []
    for _ in range(150):
        raw, better, true, given = world(rng)
        rows = some_rows(rng, true)
        (difference,) = corrected_differences([(better, raw)], given, rows)
        (accuracy,) = corrected_accuracies([(better, raw)], given, rows)
        for found, target in ((difference, 0.06), (accuracy, 0.66)):
            low, high = found.interval()
            covered.append(low <= target <= high)
        naive = crossed((raw == given).astype(float)).interval()
        seen.append(naive[0] <= 0.6 <= naive[1])

    assert np.mean(covered) >= 0.93
    assert np.mean(seen) < 0.1


def test_a_correction_is_narrower_than_the_verified_rows_alone():
    rng = np.random.default_rng(1)
    raw, better, true, given = world(rng, noise=0.05)
    rows = some_rows(rng, true)
    (found,) = corrected_differences([(better, raw)], given, rows)
    alone = crossed((better == true)[:, rows.positions].astype(float) - (raw == true)[:, rows.positions])

    assert found.error < 0.7 * alone.error


def test_when_every_given_label_is_right_nothing_is_corrected():
    rng = np.random.default_rng(2)
    raw, better, true, _ = world(rng, noise=0)
    (found,) = corrected_differences([(better, raw)], true, some_rows(rng, true))

    assert found.mean == pytest.approx((better == true).mean() - (raw == true).mean())


def test_when_the_given_labels_say_nothing_the_verified_rows_speak_alone():
    rng = np.random.default_rng(3)
    true = rng.random((3, 400)) < 0.5
    positions = np.arange(100)

    found = powered([np.zeros((3, 400))], true[:, :100].astype(float), positions)

    assert found.mean() == pytest.approx(true[:, :100].mean())


def test_a_powered_matrix_has_the_mean_that_the_formula_has():
    rng = np.random.default_rng(4)
    noisy = rng.normal(size=(3, 500))
    true = 0.5 * noisy[:, :80] + 0.1 * rng.normal(size=(3, 80)) + 1
    f, y = noisy[:, :80].mean(axis=0), true.mean(axis=0)
    power = np.cov(y, f)[0, 1] / f.var(ddof=1)

    found = powered([noisy], true, np.arange(80))

    assert found.mean() == pytest.approx(y.mean() + power * (noisy.mean() - f.mean()))
    by_row = np.var(y - power * f, ddof=1) / 80 + power**2 * noisy.mean(axis=0).var(ddof=1) / 500
    assert found.mean(axis=0).var(ddof=1) / 500 == pytest.approx(by_row, rel=0.05)


def test_what_the_models_agree_on_narrows_the_interval_where_labels_are_very_noisy():
    rng = np.random.default_rng(6)
    raw, better, true, given = world(rng, seeds=6, noise=0.5)
    rows = some_rows(rng, true)
    (found,) = corrected_differences([(better, raw)], given, rows)
    by_label = (better == given).astype(float) - (raw == given)
    by_truth = (better == true)[:, rows.positions].astype(float) - (raw == true)[:, rows.positions]

    assert found.error < 0.95 * crossed(powered([by_label], by_truth, rows.positions)).error


def test_a_model_compared_with_itself_differs_by_nothing():
    raw, _, true, given = world(np.random.default_rng(5))
    (found,) = corrected_differences([(raw, raw)], given, some_rows(np.random.default_rng(5), true))

    assert (found.mean, found.p) == (0, 1)


# -- words -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def audited():
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, 600)
    x = 4 * np.eye(3, 6)[true] + rng.normal(size=(600, 6))
    given = np.where(rng.random(600) < 0.1, (true + 1) % 3, true)
    table = pd.DataFrame(x, columns=list("abcdef")).assign(kind=[NAMES[k] for k in given])
    data = load(table, label="kind", features=list("abcdef"))
    report = audit(data, checks=("labels",), given=Given(embeddings=x.astype("float32")))
    return data, report, [NAMES[k] for k in true]


def test_the_warning_says_how_many_test_labels_look_wrong_and_what_to_do(audited):
    _, report, _ = audited
    said = truth.noise_in_words(report)

    assert f"{report.measures['labels.rate'] * 100:.1f}" in said
    assert "between" in said
    assert "--verified" in said


def test_an_audit_without_the_check_of_labels_says_so(audited):
    data, _, _ = audited
    report = audit(data, checks=("imbalance",))

    assert "Nobody checked" in truth.noise_in_words(report)


def test_rows_picked_because_they_were_flagged_are_noticed_and_random_ones_are_not(audited):
    data, report, true = audited
    flagged = [int(r) for r in report["labels"].flagged]
    picked = flagged[:40] + [i for i in range(600) if i not in flagged][:20]
    at_random = np.random.default_rng(1).choice(600, 60, replace=False)

    assert "do not look drawn at random" in truth.chosen_in_words(
        verified([(i, true[i]) for i in picked], data), data, report
    )
    assert truth.chosen_in_words(verified([(int(i), true[i]) for i in at_random], data), data, report) == ""
