"""Out-of-fold probabilities of our own models: no row, no copy of it and nobody of its group had a part in its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from audit import InputError, OutputError, UnknownName, load
from audit.cli import run
from audit.evidence.gather import Evidence
from audit.evidence.given import Given
from audit.probabilities import Probabilities, check_probabilities, read_probabilities
from tests.train.conftest import blobs
from train import out_of_fold_probabilities
from train.fit.loop import fit, predict
from train.fit.pool import Pool
from train.fit.recipe import recipe_for
from train.probabilities import UNFOLDED, predict_out_of_fold, write_probabilities

MEMORISES = "mlp:width=128:steps=300:lr=1e-2:l2=0:dropout=0"
QUICK = "linear:steps=20"


def vectors_of(data):
    """In C order: the sums behind a mean round otherwise in pandas' own."""
    return np.ascontiguousarray(data.features.to_numpy("float32"))


def flipped(data, positions):
    """The data with the labels at these positions moved to the next class."""
    to = {data.rows[i]: data.classes[(data.labels[i] + 1) % len(data.classes)] for i in positions}
    return data.relabelled(to)


def clear(n=210):
    """Blobs far apart, so that every other label is a wrong one."""
    data = blobs(n, seed=5)
    moved = data.features + 2 * np.eye(3, 6)[data.labels]
    return replace(data, table=data.table.assign(**moved))


def alone(data, x, folds, recipe, seed, classes=3):
    """Every row by a model that `fit` alone trained without its fold."""
    weights = np.ones(len(data)) if data.weights is None else data.weights
    out = np.empty((len(data), classes), "float32")
    for f in np.unique(folds):
        learn, held = (torch.from_numpy(np.flatnonzero(mask)) for mask in (folds != f, folds == f))
        labels, w = torch.tensor(data.labels)[learn], torch.tensor(weights).float()[learn]
        out[held] = predict(fit(x[learn], labels, w, classes, recipe, seed).model, x[held]).numpy()
    return out


class TestOutOfFold:
    def test_a_wrong_label_that_a_model_learns_by_heart_is_not_repeated(self):
        wrong = np.arange(0, 210, 15)
        data = flipped(clear(), wrong)
        true = np.unique(data.table["truth"], return_inverse=True)[1]
        x, _ = Pool(data, data, vectors_of(data), vectors_of(data)).as_vectors
        labels = torch.from_numpy(data.labels)
        by_heart = predict(fit(x, labels, torch.ones(210), 3, recipe_for(MEMORISES), 0).model, x).argmax(1).numpy()
        said = out_of_fold_probabilities(data, model=MEMORISES, embeddings=vectors_of(data)).values.argmax(axis=1)

        assert (by_heart[wrong] == data.labels[wrong]).mean() > 0.9
        assert (said[wrong] == true[wrong]).mean() > 0.8
        assert (said[wrong] == data.labels[wrong]).mean() < 0.2

    def test_each_fold_is_what_it_is_when_trained_alone(self):
        data, recipe = blobs(150, seed=3, noise=0.2).weighted({4: 0.0, 5: 3.0}), recipe_for("mlp:width=16:steps=40")
        x, _ = Pool(data, data, vectors_of(data), vectors_of(data)).as_vectors
        made = predict_out_of_fold(
            data, model="mlp:width=16:steps=40", folds=4, seed=7, embeddings=vectors_of(data), device="cpu"
        )

        assert np.unique(made.folds).tolist() == [0, 1, 2, 3]
        assert np.array_equal(made.probabilities.values, alone(data, x, made.folds, recipe, 7))
        assert made.accuracy == (made.probabilities.values.argmax(axis=1) == data.labels).mean()

    def test_pictures_are_what_a_convolutional_model_looks_at(self):
        data = load("digits")
        data = data.take(data.rows[:60])
        x, _ = Pool(data, data, np.zeros((60, 1)), np.zeros((60, 1))).as_pictures
        made = predict_out_of_fold(data, model="cnn:width=8:steps=3", folds=2, device="cpu")
        expected = alone(data, x, made.folds, recipe_for("cnn:width=8:steps=3"), 0, len(data.classes))

        assert np.array_equal(made.probabilities.values, expected)

    def test_trees_are_asked_as_networks_are(self):
        data = clear(90)
        made = predict_out_of_fold(data, model="boosting:epochs=5", folds=3, embeddings=vectors_of(data))

        assert made.accuracy > 0.9
        assert made.parameters == 0

    def test_five_folds_are_the_audits(self):
        data = blobs(120, seed=2)
        made = predict_out_of_fold(data, model=QUICK, seed=3, embeddings=vectors_of(data))
        evidence = Evidence(data, given=Given(embeddings=vectors_of(data)), seed=3)

        assert np.array_equal(made.folds, evidence.folds)

    def test_one_seed_is_one_result_and_another_is_another(self):
        data = blobs(120, seed=2)
        first, again, other = (out_of_fold_probabilities(data, model=QUICK, seed=s).values for s in (1, 1, 2))

        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)


class TestCopies:
    def test_near_copies_with_one_wrong_label_do_not_vouch_for_each_other(self):
        data = clear()
        copies = data.take(data.rows[:20])
        table = copies.table.assign(**(copies.features + 1e-5)).set_axis(range(1000, 1020))
        both = replace(data, table=pd.concat([data.table, table]))
        pairs = np.stack([np.arange(20), np.arange(210, 230)])
        wrong = flipped(both, pairs.ravel())
        made = predict_out_of_fold(wrong, model=MEMORISES, embeddings=vectors_of(wrong))
        said = made.probabilities.values.argmax(axis=1)

        assert np.array_equal(made.folds[pairs[0]], made.folds[pairs[1]])
        assert (said[pairs.ravel()] == wrong.labels[pairs.ravel()]).mean() < 0.2

    def test_a_group_is_held_out_together(self):
        data = blobs(120, seed=2)
        table = data.table.assign(who=np.arange(120) // 4)
        data = load(table, label="label", group="who", features=list(data.roles.features))
        folds = predict_out_of_fold(data, model=QUICK).folds.reshape(-1, 4)

        assert (folds == folds[:, :1]).all()


class TestRefusals:
    @pytest.mark.parametrize(
        ("asked", "error", "said"),
        [
            ({"model": "mpl"}, UnknownName, "did you mean 'mlp'"),
            ({"model": "mlp:widht=3"}, UnknownName, "did you mean 'width'"),
            ({"model": "resnet9"}, InputError, "looks at pictures, and this is table data"),
            ({"folds": 1}, InputError, "folds must be at least 2, got 1"),
            ({"folds": 61}, InputError, "61 folds are more than the 60 rows"),
            ({"folds": 40}, InputError, r"can be held out in \d+ parts, not in 40"),
            ({"embeddings": np.zeros((59, 2))}, InputError, "59 embeddings for 60 rows"),
            ({"device": "gpu"}, InputError, "torch knows no such device"),
            ({"model": "mlp:lr=1e30"}, InputError, "the loss was no number"),
        ],
    )
    def test_what_cannot_be_done_is_said(self, asked, error, said):
        with pytest.raises(error, match=said):
            predict_out_of_fold(blobs(60, seed=1), **asked)

    def test_a_class_of_one_row_cannot_be_learnt_and_predicted(self):
        table = blobs(60, seed=1).table.drop(columns="truth")
        table.loc[7, "label"] = "rare"

        with pytest.raises(InputError, match=r"class 'rare' has 1 row in one block \(row 7\)"):
            predict_out_of_fold(load(table, label="label"))

    def test_one_class_is_nothing_to_tell_apart(self):
        data = blobs(60, seed=1)
        one = data.take(data.rows[data.given == "c1"])

        with pytest.raises(InputError, match=r"all \d+ rows have one label, 'c1'"):
            predict_out_of_fold(one)

    def test_weights_that_leave_nothing_to_learn(self):
        data = blobs(60, seed=1).weighted(dict.fromkeys(range(1, 60), 0.0))

        with pytest.raises(InputError, match=r"every row outside of fold \d has weight 0"):
            predict_out_of_fold(data, model=QUICK)


def test_a_picture_that_cannot_be_opened_is_said_and_every_class_is_as_likely(tmp_path):
    rng = np.random.default_rng(0)
    for k, name in enumerate(("dark", "light")):
        (tmp_path / name).mkdir()
        for i in range(12):
            pixels = rng.integers(0, 60, (8, 8)) + 150 * k
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / name / f"{i}.png")
    (tmp_path / "dark/3.png").write_bytes(b"no picture")
    data = load(str(tmp_path))
    made = predict_out_of_fold(data, model="linear", folds=3)
    broken = data.rows.get_loc("dark/3.png")

    assert made.probabilities.values[broken].tolist() == [0.5, 0.5]
    assert np.flatnonzero(made.folds == UNFOLDED).tolist() == [broken]
    assert made.notes == ("no picture to look at in row dark/3.png: all classes are equally likely there",)
    opened = np.arange(24) != broken
    assert made.accuracy == (made.probabilities.values.argmax(axis=1) == data.labels)[opened].mean()


class TestFiles:
    MADE = Probabilities(np.array([[0.25, 0.75], [1, 0]], "float32"), (3, 11))

    def test_what_is_written_is_read_again(self, tmp_path):
        write_probabilities(tmp_path / "p.npz", self.MADE)
        back = read_probabilities(tmp_path / "p.npz", data_classes=(3, 11))
        checked = check_probabilities(back, np.array([1, 0]), (3, 11), [0, 1], "p")

        assert back.values.dtype == np.float32
        assert back.classes == ("3", "11")
        assert np.array_equal(checked, self.MADE.values)

    def test_the_same_probabilities_are_the_same_bytes(self, tmp_path):
        for name in ("a.npz", "b.npz"):
            write_probabilities(tmp_path / name, self.MADE)

        assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("old.npz", "exists; name another file or say --force"),
            ("p.npy", "written as .npz"),
            ("no/p.npz", "no folder"),
        ],
    )
    def test_where_it_cannot_be_written(self, tmp_path, name, said):
        (tmp_path / "old.npz").write_bytes(b"mine")

        with pytest.raises(OutputError, match=said):
            write_probabilities(tmp_path / name, self.MADE)
        assert (tmp_path / "old.npz").read_bytes() == b"mine"


class TestCommand:
    def test_digits_end_to_end(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)

        assert run(["probabilities", "digits", "--model", "mlp:width=32:epochs=4", "--folds", "3"]) == 0
        out = capsys.readouterr().out
        data = load("digits")
        made = read_probabilities(Path("probabilities.npz"), data_classes=data.classes)
        checked = check_probabilities(made, data.labels, data.classes, list(data.rows), "file")
        right = (checked.argmax(axis=1) == data.labels).mean()
        assert right > 0.8
        assert f"out of fold: {right:.1%}" in out
        assert out.splitlines()[-1] == "next:   assay audit digits --pred-probs probabilities.npz"

    def test_the_next_command_keeps_the_columns_roles(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        blobs(60, seed=1).table.to_csv("my data.csv", index=False)
        np.save("e.npy", np.arange(120.0).reshape(60, 2))
        named = ["--label", "label", "--features", "x0,x1", "--embeddings", "e.npy"]

        assert run(["probabilities", "my data.csv", "--model", QUICK, "-o", "p.npz", *named]) == 0
        after = " ".join(capsys.readouterr().out.split("next:")[1].replace("\\\n", " ").split())
        assert after == f"assay audit 'my data.csv' {' '.join(named)} --pred-probs p.npz"

    def test_a_file_that_is_there_stays_and_force_replaces_it(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        blobs(60, seed=1).table.to_csv("data.csv", index=False)
        Path("p.npz").write_bytes(b"mine")
        typed = ["probabilities", "data.csv", "--label", "label", "--model", QUICK, "-o", "p.npz", "--format", "json"]

        assert run(typed) == 2
        assert "p.npz: exists" in capsys.readouterr().err
        assert Path("p.npz").read_bytes() == b"mine"
        assert run([*typed, "--force"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert (said["rows"], said["classes"], said["folds"], said["output"]) == (60, 3, 5, "p.npz")
