"""Evidence that cannot be what it claims to be, and labels that are wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.fooled.way import (
    CLASSES,
    FIT,
    Answers,
    Way,
    assay,
    datalab,
    flipped,
    gated,
    gx,
    listed,
    measured,
    probabilities,
    suite_file,
    trees,
    written,
)

WAYS: list[Way] = []
TRUE = np.arange(240) % 3
TABLE = flipped(trees())
GIVEN = pd.Categorical(TABLE["label"], categories=CLASSES).codes.astype(int)
WRONG = GIVEN != TRUE
HONEST = probabilities(TRUE)
IN_SET = ("expect_column_values_to_be_in_set", {"column": "label", "value_set": list(CLASSES)})


def brought(place, values, classes=CLASSES, table=TABLE):
    """Gate the trees with these probabilities; Datalab is given the same."""
    path = place / "probabilities.npz"
    np.savez(path, pred_probs=values, classes=np.array(classes))
    said = gated(place, table, FIT, "--pred-probs", path)
    return Answers(said, cleanlab=datalab(table, wrong=WRONG, pred_probs=values))


@listed(WAYS, "one label in ten is wrong", 1, "labels.rate")
def flips(place):
    return Answers(gated(place, TABLE, FIT), gx(TABLE, IN_SET), datalab(TABLE, wrong=WRONG, pred_probs=HONEST))


@listed(WAYS, "a row of the probabilities is NaN", 2, "row 0 is not finite")
def nan(place):
    values = HONEST.copy()
    values[0] = np.nan
    return brought(place, values)


@listed(WAYS, "all probabilities are 0", 2, "does not sum to 1")
def zeros(place):
    return brought(place, HONEST * 0)


@listed(WAYS, "probabilities sum to a half", 2, "does not sum to 1")
def halves(place):
    return brought(place, HONEST / 2)


@listed(WAYS, "logits in place of probabilities", 2, "has a negative probability")
def logits(place):
    return brought(place, np.log(HONEST))


@listed(WAYS, "probabilities of one row too few", 2, "239 rows of probabilities for 240 rows")
def short(place):
    return brought(place, HONEST[:-1])


@listed(WAYS, "the columns of the probabilities in another order", 2, "columns seem to be in another order")
def columns_turned(place):
    return brought(place, HONEST[:, [1, 2, 0]])


@listed(WAYS, "the rows of the probabilities in another order", 2, "in another order than the rows")
def rows_turned(place):
    return brought(place, HONEST[np.random.default_rng(1).permutation(240)])


@listed(WAYS, "probabilities of a model that was trained on these labels", 3, "they have seen these labels")
def memorised(place):
    return brought(place, np.eye(3)[GIVEN] * 0.997 + 0.001)


@listed(WAYS, "probabilities without a column for a class", 2, "cedar")
def no_column(place):
    values = HONEST[:, :2] / HONEST[:, :2].sum(axis=1, keepdims=True)
    return brought(place, values, CLASSES[:2])


@listed(WAYS, "probabilities whose columns have no names", 2, "give --classes")
def no_names(place):
    np.save(place / "p.npy", HONEST)
    said = gated(place, TABLE, FIT, "--pred-probs", place / "p.npy")
    return Answers(said, cleanlab=datalab(TABLE, wrong=WRONG, pred_probs=HONEST))


@listed(WAYS, "a model that knows nothing and says so", 1, "labels.rate")
def uniform(place):
    return brought(place, np.full((240, 3), 1 / 3))


@listed(WAYS, "probabilities of a hundred per cent for whatever the label is", 3, "they have seen these labels")
def certain(place):
    return brought(place, np.eye(3)[GIVEN])


@listed(WAYS, "an archive of probabilities that holds Python objects", 2, "not a readable archive")
def pickled(place):
    np.savez(place / "p.npz", pred_probs=np.array([object()] * 240), classes=np.array(CLASSES))
    return Answers(gated(place, TABLE, FIT, "--pred-probs", place / "p.npz"))


def embedded(place, vectors):
    """Gate the trees with these embeddings; Datalab is given the same as features."""
    np.save(place / "e.npy", vectors)
    said = gated(place, TABLE, FIT, "--embeddings", place / "e.npy")
    return Answers(said, cleanlab=datalab(TABLE, wrong=WRONG, features=vectors))


@listed(WAYS, "embeddings with a NaN", 2, "row 5")
def nan_embeddings(place):
    vectors = trees()[["height", "girth"]].to_numpy("float32", copy=True)
    vectors[5, 0] = np.nan
    return embedded(place, vectors)


@listed(WAYS, "embeddings that are the same for every row", 3, "no view knows more of the labels than chance")
def constant_embeddings(place):
    return embedded(place, np.ones((240, 4), dtype="float32"))


@listed(WAYS, "embeddings of other rows", 3, "no view knows more of the labels than chance")
def other_embeddings(place):
    return embedded(place, np.random.default_rng(2).normal(size=(240, 4)).astype("float32"))


@listed(WAYS, "labels in another order than the rows", 3, "no view knows more of the labels than chance")
def labels_turned(place):
    order = np.random.default_rng(1).permutation(240)
    table = trees().assign(label=trees()["label"].to_numpy()[order])
    peer = datalab(table, wrong=TRUE[order] != TRUE, features=measured(table))
    return Answers(gated(place, table, FIT), gx(table, IN_SET), peer)


@listed(WAYS, "every row has the same label", 2, "one class")
def one_label(place):
    table = trees().assign(label="ash")
    return Answers(gated(place, table, FIT), gx(table, IN_SET), datalab(table, features=measured(table)))


@listed(
    WAYS, "another column is taken for the label: one that is different in every row", 3, "nothing can be learnt of it"
)
def ids_as_labels(place):
    table = trees().assign(number=[f"t{i}" for i in range(240)])
    peer = datalab(table, label="number", features=measured(table))
    return Answers(gated(place, table, FIT, "--label", "number"), cleanlab=peer)


@listed(WAYS, "a class of a single row", 3, "has 1 row")
def rare(place):
    table = trees()
    table.loc[0, "label"] = "oak"
    return Answers(gated(place, table, FIT), cleanlab=datalab(table, features=measured(table)))


@listed(WAYS, "the label is named neither in the file nor by the user", 2, "no column was named as the label")
def unnamed(place):
    table = trees().rename(columns={"label": "kind_of_tree"})
    said = assay("gate", written(place, table), "--suite", suite_file(place, FIT))
    return Answers(said, cleanlab=datalab(table, label=None, features=measured(table)))


@listed(WAYS, "the label is switched off to get rid of its limits", 1, "not measured: no label column")
def no_label(place):
    table = TABLE.drop(columns="label")
    return Answers(
        gated(place, table, FIT, "--no-label"), cleanlab=datalab(table, label=None, features=measured(table))
    )


@listed(WAYS, "a budget of no labels to look at: nothing is flagged, the rate stays", 1, "labels.rate")
def no_budget(place):
    return Answers(gated(place, TABLE, FIT + "[checks.labels]\nbudget = 0\n"))
