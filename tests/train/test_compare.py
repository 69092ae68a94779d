"""A comparison from draw to verdict, interrupted and resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from audit import load
from audit.cli import run
from audit.dataset import Roles
from audit.errors import InputError, OutputError, UnknownName
from audit.patch import make_patch
from tests.train.conftest import blobs
from train import Variant, compare

SMALL = {"variants": ("pruned", "random-pruned"), "sizes": (60, 120), "seeds": 3, "epochs": 4}


@pytest.fixture(scope="module")
def finished(noisy, held_out, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return compare(noisy, held_out, **SMALL, runs=folder), folder


def values(comparison):
    """What a comparison found, without how long it took."""
    found = comparison.to_dict()
    cells = [{k: v for k, v in c.items() if "seconds" not in k} for c in found["cells"]]
    return {**{k: found[k] for k in ("contrasts", "points", "protocol")}, "cells": cells}


def test_every_cell_is_trained_and_every_contrast_drawn(finished):
    comparison, folder = finished

    assert comparison.trained == len(comparison.cells) == 3 * 2 * 3
    assert len(list((folder / "cells").iterdir())) == 18
    assert {(c.variant, c.size) for c in comparison.contrasts} == {
        (v, s) for v in ("pruned", "random-pruned") for s in (60, 120)
    }
    assert set(comparison.verdicts) == {("pruned", "linear"), ("random-pruned", "linear")}


def test_finished_cells_are_not_trained_again(finished, noisy, held_out):
    comparison, folder = finished
    again = compare(noisy, held_out, **SMALL, runs=folder)

    assert again.trained == 0
    assert values(again) == values(comparison)


def test_more_seeds_train_only_what_is_new(finished, noisy, held_out):
    _, folder = finished
    more = compare(noisy, held_out, **{**SMALL, "seeds": 4}, runs=folder)

    assert more.trained == 3 * 2
    assert more.seeds == 4


def test_a_cell_does_not_depend_on_the_grid_around_it(finished, noisy, held_out):
    comparison, _ = finished
    alone = compare(noisy, held_out, variants=("pruned",), sizes=(120,), seeds=1, epochs=4)
    wanted = {k: v for k, v in alone.cells[-1].items() if "seconds" not in k}

    assert wanted in values(comparison)["cells"]


def test_other_data_finds_nothing_in_the_ledger(finished, held_out):
    _, folder = finished

    assert compare(blobs(400, seed=8), held_out, **{**SMALL, "seeds": 1}, runs=folder).trained == 6


def test_cells_of_data_that_was_edited_in_place_since_are_trained_again(held_out, tmp_path):
    data = blobs(90, seed=9)
    asked = {"variants": ("random-pruned",), "sizes": (60,), "seeds": 1, "epochs": 1, "runs": tmp_path}
    before = compare(data, held_out, **asked)
    data.table.loc[:, data.roles.features[0]] *= -1
    after = compare(data, held_out, **asked)

    assert before.trained == after.trained == 2
    assert before.protocol["data_fingerprint"] != after.protocol["data_fingerprint"]


def test_raw_against_itself_is_never_a_difference(noisy, held_out, monkeypatch):
    from train.grid import variants

    monkeypatch.setitem(variants.VARIANTS, "same", replace(variants.VARIANTS["raw"], name="same"))
    comparison = compare(noisy, held_out, variants=("same",), sizes=(60,), seeds=3, epochs=2)

    assert {(c.diff, c.low, c.high, c.verdict) for c in comparison.contrasts if c.metric == "accuracy"} == {
        (0, 0, 0, "no difference")
    }


def test_the_oracle_helps_where_two_in_five_labels_are_wrong(held_out):
    data = blobs(400, seed=1, noise=0.4)
    comparison = compare(data, held_out, variants=("oracle",), sizes=(300,), seeds=4, truth="truth")

    assert comparison.verdicts[("oracle", "linear")] == "helps"


def test_another_column_of_truth_is_another_oracle(held_out, tmp_path):
    data = blobs(400, seed=1, noise=0.4)
    data = replace(data, table=data.table.assign(same=data.table["label"]))
    asked = {"variants": ("oracle",), "sizes": (300,), "seeds": 3, "epochs": 4, "runs": tmp_path}
    by_truth = compare(data, held_out, truth="truth", **asked)
    by_given = compare(data, held_out, truth="same", **asked)

    assert by_truth.contrast("oracle", 300, "linear").diff > 0.02
    assert by_given.contrast("oracle", 300, "linear").diff == 0


def test_a_column_of_truth_is_not_learnt_from_unless_named_and_then_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blobs(120, seed=1, noise=0.3).table.to_csv("train.csv", index=False)
    blobs(60, seed=2).table.to_csv("test.csv", index=False)
    asked = ["assay", "compare", "train.csv", "--test", "test.csv", "--truth", "truth", "--variants", "oracle"]
    asked += ["--sizes", "60", "--seeds", "1", "--epochs", "1", "-o", "runs"]
    monkeypatch.setattr(sys, "argv", asked)
    ended = run(asked[1:])
    found = json.loads((tmp_path / "runs" / "comparison.json").read_text())
    names = [f"x{i}" for i in range(6)]

    assert ended == 0
    assert "column 'truth' holds the true labels: it is not learnt from" in found["notes"]
    assert found["protocol"]["data_fingerprint"] == load("train.csv", label="label", features=names).fingerprint
    assert found["command"].endswith(
        f"--features {','.join(names)}"
    )  # so that the audits proposed are of the same data
    capsys.readouterr()
    assert run([*asked[1:], "--features", "truth,x0"]) != 0
    assert "holds the true labels and is among the features" in capsys.readouterr().err


def test_noise_is_by_the_column_of_truth_that_is_asked_for(held_out, tmp_path):
    data = blobs(120, seed=1, noise=0.4)
    data = replace(data, table=data.table.assign(same=data.table["label"]))
    asked = {"variants": ("relabelled",), "sizes": (60,), "seeds": 1, "epochs": 1, "runs": tmp_path}
    first, second = (compare(data, held_out, truth=truth, **asked) for truth in ("truth", "same"))
    noise = [{c["variant"]: c["noise"] for c in found.cells} for found in (first, second)]

    assert second.trained == 0
    assert noise[0]["raw"] > 0.2 < noise[0]["relabelled"] + 0.2
    assert noise[1] == {"raw": 0.0, "relabelled": None}
    assert [n for n in second.notes if "not known of relabelled" in n] != []
    assert [n for n in first.notes if "not known of" in n] == []


def test_a_variant_of_your_own_is_one_of_them(held_out):
    def nothing_of_c0(data, report, seed):
        gone = data.rows[(data.given == "c0").to_numpy()]
        lines = [{"row": r, "action": "drop", "reason": "c0", "check": "mine"} for r in gone]
        return make_patch(lines, base=data.fingerprint, treatment="mine")

    comparison = compare(
        blobs(400, seed=1), held_out, variants=(Variant("without c0", nothing_of_c0),), sizes=(300,), seeds=3
    )

    assert comparison.verdicts[("without c0", "linear")] == "hurts"


def test_rows_known_by_embeddings_alone_are_in_the_test_set_only_if_those_are(noisy, held_out):
    def bare(data):
        return replace(data, table=data.table[["label"]], roles=Roles(label="label"))

    own, other = (d.features.to_numpy("float32") for d in (noisy, held_out))
    other = np.vstack([own[100:107], other[7:]])
    asked = {"variants": ("pruned",), "sizes": (60,), "seeds": 1, "epochs": 1}
    comparison = compare(bare(noisy), bare(held_out), embeddings=own, test_embeddings=other, **asked)

    assert comparison.protocol["training_rows_in_test"] == 7
    assert comparison.rows == 393


def test_embeddings_are_made_once_for_a_folder(finished, noisy, held_out, monkeypatch):
    _, folder = finished

    def never(*_):
        raise AssertionError("made again")

    monkeypatch.setattr("train.experiment.embed", never)

    assert compare(noisy, held_out, **SMALL, runs=folder).trained == 0


def test_a_damaged_cell_is_trained_again_and_the_comparison_says_so(noisy, held_out, tmp_path):
    asked = {**SMALL, "seeds": 1, "runs": tmp_path}
    before = compare(noisy, held_out, **asked)
    victim = sorted((tmp_path / "cells").iterdir())[2]
    victim.write_bytes(victim.read_bytes()[:100])
    after = compare(noisy, held_out, **asked)

    assert after.trained == 1
    assert [victim.name in note for note in after.notes] == [True]
    assert values(after) == values(before)


def test_both_budgets_train_every_model_twice_and_say_whether_they_agree(noisy, held_out):
    comparison = compare(noisy, held_out, **{**SMALL, "sizes": (300,), "epochs": 40}, budget="both")
    equal = [c for c in comparison.cells if c["model"] == "linear:budget=steps"]
    pruned = {c["model"]: c["steps"] for c in comparison.cells if c["variant"] == "pruned" and c["seed"] == 0}

    assert comparison.models == ("linear", "linear:budget=steps")
    assert len({c["steps"] for c in equal}) == 1
    assert pruned["linear"] < pruned["linear:budget=steps"]
    assert {(b["variant"], b["agree"]) for b in comparison.extra["budgets"]} >= {("pruned", True)}


def test_verified_rows_correct_what_wrong_test_labels_hide(tmp_path):
    data, test = blobs(400, seed=1, noise=0.4), blobs(600, seed=2, noise=0.3)
    known = test.table.sample(200, random_state=0)
    pd.DataFrame({"row": known.index, "label": known["truth"]}).to_csv(tmp_path / "checked.csv", index=False)
    asked = {"variants": ("oracle",), "sizes": (300,), "seeds": 4, "truth": "truth"}
    given = compare(data, test, **asked)
    corrected = compare(data, test, **asked, verified=tmp_path / "checked.csv")
    by_truth = compare(data, replace(test, table=test.table.assign(label=test.table["truth"])), **asked)
    true = by_truth.contrast("oracle", 300, "linear")
    found = corrected.contrast("oracle", 300, "linear")

    assert corrected.protocol["verified_rows"] == 200
    assert given.protocol["verified_rows"] is None
    assert "test labels are wrong" in given.protocol["test_noise"]
    assert given.contrast("oracle", 300, "linear").diff < true.diff
    assert found.low < true.diff < found.high
    assert abs(found.diff - true.diff) < abs(given.contrast("oracle", 300, "linear").diff - true.diff)


def test_the_command_takes_every_way_of_training(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    asked = ["compare", "planted:digits", "--test", "planted:digits-test", "--sizes", "60,120", "--seeds", "1"]
    asked += ["--variants", "pruned,pruned@pool,augmented:noise", "--executor", "processes", "--workers", "1"]

    assert run([*asked, "--track", "tensorboard", "-o", "runs"]) == 0
    assert "cleaner saw the whole pool" in capsys.readouterr().out
    assert list((tmp_path / "runs" / "tensorboard").rglob("events*"))
    assert (
        "pruned@pool"
        in json.loads((tmp_path / "runs" / "comparison.json").read_text())["protocol"]["whole_pool_cleaner"]
    )


def test_rows_too_rare_to_audit_are_told_of(noisy, held_out):
    rare = noisy.table.assign(label=lambda t: t["label"].where(t.index > 1, "rare"))
    data = load(rare, label="label", features=list(noisy.roles.features))
    told = compare(data, held_out, variants=("pruned",), sizes=(399,), seeds=1, epochs=1).notes
    untold = compare(noisy, held_out, variants=("pruned",), sizes=(399,), seeds=1, epochs=1).notes

    assert [n for n in told if "too rare" in n] != []
    assert [n for n in untold if "too rare" in n] == []


def test_two_seeds_give_no_verdict(noisy, held_out):
    comparison = compare(noisy, held_out, variants=("pruned",), sizes=(60,), seeds=2, epochs=2)
    found = comparison.contrast("pruned", 60, "linear")

    assert found.verdict == "not enough seeds"
    assert (found.low, found.p, found.seeds_needed) == (None, None, 3)


def test_rows_of_the_test_set_are_left_out_of_training(noisy, held_out):
    import pandas as pd

    both = pd.concat([noisy.table, held_out.table.iloc[:25]], ignore_index=True)
    data = load(both, label="label", features=list(noisy.roles.features))
    comparison = compare(data, held_out, variants=("pruned",), sizes=(60,), seeds=1, epochs=1)

    assert comparison.protocol["training_rows_in_test"] == 25
    assert comparison.rows == 400


def test_rows_of_the_test_set_are_left_out_before_embeddings_are_fitted(noisy, held_out):
    both = pd.concat([noisy.table, held_out.table.iloc[:25]], ignore_index=True)
    data = load(both, label="label", features=list(noisy.roles.features))
    asked = {"variants": ("raw",), "sizes": (60,), "seeds": 1, "epochs": 1}
    leaking, without = (compare(d, held_out, **asked).cells[0]["metrics"] for d in (data, noisy))

    assert leaking == without


def test_embeddings_brought_along_are_told_from_others(noisy, held_out):
    own, other = (d.features.to_numpy("float32") for d in (noisy, held_out))
    asked = {"variants": ("raw",), "sizes": (60,), "seeds": 1, "epochs": 1}
    made, brought, doubled = (
        compare(noisy, held_out, **asked, **more).protocol["embeddings"]
        for more in (
            {},
            {"embeddings": own, "test_embeddings": other},
            {"embeddings": 2 * own, "test_embeddings": 2 * other},
        )
    )

    assert made == ""
    assert len({made, brought, doubled}) == 3


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sizes": (60, 30)}, "sizes must grow"),
        ({"sizes": (60, 9999)}, "more than the 400 rows"),
        ({"sizes": (3,)}, "too small for 3 classes"),
        ({"models": ("cnn",)}, "looks at pictures"),
        ({"variants": ("augmented:crop",)}, "crop"),
        ({"seeds": 0}, "seeds must be at least 1"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"embeddings": np.zeros((400, 2))}, "go together"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_trained(noisy, held_out, changed, said):
    with pytest.raises(InputError, match=said):
        compare(noisy, held_out, **{**SMALL, **changed})


def test_an_unknown_model_offers_the_near_one(noisy, held_out):
    with pytest.raises(UnknownName, match="did you mean 'linear'"):
        compare(noisy, held_out, **SMALL, models=("liner",))


@pytest.mark.parametrize("changed", [{"budget": "step"}, {"executor": "processess"}, {"track": "tensorbord"}])
def test_an_unknown_way_of_training_offers_the_near_one(noisy, held_out, changed, tmp_path):
    with pytest.raises(UnknownName, match="did you mean"):
        compare(noisy, held_out, **SMALL, **changed, runs=tmp_path)


def test_a_folder_of_other_things_is_refused(noisy, held_out, tmp_path):
    (tmp_path / "thesis.tex").write_text("")

    with pytest.raises(OutputError, match=r"thesis\.tex"):
        compare(noisy, held_out, **SMALL, runs=tmp_path)


def test_kill_minus_9_loses_no_finished_cell_and_the_rest_is_the_same(noisy, held_out, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    noisy.table.to_csv("train.csv", index=False)
    held_out.table.to_csv("test.csv", index=False)
    features = ",".join(noisy.roles.features)
    asked = ["compare", "train.csv", "--test", "test.csv", "--label", "label", "--features", features]
    asked += ["--variants", "pruned,reweighted", "--sizes", "100,200", "--seeds", "4", "--format", "json"]

    process = subprocess.Popen([sys.executable, "-m", "audit.cli", *asked, "-o", "killed"], stdout=subprocess.DEVNULL)
    cells = tmp_path / "killed" / "cells"
    deadline = time.monotonic() + 120
    while not (cells.exists() and len(list(cells.glob("[!.]*.npz"))) >= 5) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    survived = {p.name: p.read_bytes() for p in cells.glob("[!.]*.npz")}
    assert 5 <= len(survived) < 32

    assert run([*asked, "-o", "killed"]) == 0
    resumed = json.loads(capsys.readouterr().out)
    assert run([*asked, "-o", "straight"]) == 0
    straight = json.loads(capsys.readouterr().out)

    assert resumed["trained"] == 32 - len(survived)
    assert {p: (cells / p).read_bytes() for p in survived} == survived
    assert resumed["contrasts"] == straight["contrasts"]
    assert resumed["points"] == straight["points"]


def test_few_test_rows_on_which_nothing_differs_are_no_proof_of_no_difference(noisy, held_out):
    few = held_out.take(held_out.rows[:12])
    comparison = compare(noisy, few, variants=("reweighted", "raw"), sizes=(300,), seeds=3, epochs=4)
    found = comparison.contrast("reweighted", 300, "linear")

    assert comparison.cells[-1]["edits"] > 0
    assert found.high - found.low > 0.2
    assert found.verdict == "cannot tell"


def test_of_few_rows_only_sizes_with_two_rows_a_class_are_the_default(noisy, held_out):
    few = noisy.take(noisy.rows[:18])

    assert compare(few, held_out, variants=("augmented",), seeds=1, epochs=1).sizes == (9, 18)


def test_the_folder_is_dated(noisy, held_out, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    noisy.table.to_csv("train.csv", index=False)
    held_out.table.to_csv("test.csv", index=False)
    asked = ["compare", "train.csv", "--test", "test.csv", "--label", "label", "--variants", "augmented"]
    assert run([*asked, "--sizes", "60", "--seeds", "1", "--epochs", "1", "--format", "json"]) == 0

    assert json.loads(capsys.readouterr().out)["created"][:2] == "20"
