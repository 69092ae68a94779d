"""Out-of-fold class probabilities of assay's own models: evidence for an audit for label errors.

Each row is predicted by a model that was trained without its fold; (near) copies of a row and its group lie in its fold
with it, so that no copy vouches for its twin's wrong label. The models of all folds start from the same weights.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from audit.dataset import Dataset
from audit.errors import InputError, OutputError, some
from audit.evidence.embeddings import check_embeddings
from audit.evidence.folds import TooRare, assign_folds
from audit.evidence.gather import Evidence, Progress, silent
from audit.evidence.given import Given
from audit.evidence.pictures import unreadable
from audit.files import write_bytes
from audit.probabilities import Probabilities
from train.design import recipes_of
from train.fit.device import here
from train.fit.groups.cells import Job
from train.fit.loop import Fit, predict
from train.fit.models import looks_at_pictures
from train.fit.plan import together, train_jobs
from train.fit.pool import Pool, known_device
from train.fit.recipe import Recipe

UNFOLDED = -1
"""The fold of a row that could not be looked at."""


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Probabilities, and how they were come by."""

    probabilities: Probabilities
    """(n, K) float32; equal for all classes where a row's picture cannot be opened, since no model can look at it."""
    folds: np.ndarray
    """(n,) the fold in which a row was held out; `UNFOLDED` where its picture cannot be opened."""
    accuracy: float
    """The share of the rows looked at whose given label is the likeliest."""
    steps: int
    """Of the longest training."""
    parameters: int
    """Numbers learnt by one model; 0 for trees."""
    device: str
    choices: tuple[str, ...]
    """How the models were trained, and why so."""
    notes: tuple[str, ...] = ()
    """What did not go as asked, a sentence each."""


def out_of_fold_probabilities(
    data: Dataset,
    *,
    model: str = "mlp",
    folds: int = 5,
    seed: int = 0,
    embeddings: np.ndarray | None = None,
    device: str | None = None,
    progress: Progress = silent,
) -> Probabilities:
    """(n, K) float32 probabilities of each row by a model trained without its fold, for `Given(pred_probs=…)`.

    The arguments and errors are those of `predict_out_of_fold`, which also says how it went.
    """
    made = predict_out_of_fold(
        data, model=model, folds=folds, seed=seed, embeddings=embeddings, device=device, progress=progress
    )
    return made.probabilities


def predict_out_of_fold(
    data: Dataset,
    *,
    model: str = "mlp",
    folds: int = 5,
    seed: int = 0,
    embeddings: np.ndarray | None = None,
    device: str | None = None,
    progress: Progress = silent,
) -> OutOfFold:
    """Train a model for each fold on all other folds, side by side where that is quicker, and predict every row.

    Args:
        data: labelled rows; where they have weights, the loss is weighted by them.
        model: as on the command line: `mlp`, `mlp:width=256:epochs=40`, `boosting`; on pictures `cnn`, `resnet9` or
            any of torchvision's classifiers.
        folds: in how many parts the rows are held out, one after another; 5 are those of the audit with this seed.
        seed: of the folds and of every training; on a CPU the same seed gives the same bits.
        embeddings: your own (n, d), for models that look at vectors; by default made without labels.
        device: `cpu`, `cuda`, …; by default a GPU where there is one.
        progress: told of (what, done, total).

    Raises:
        UnknownName: if there is no such model or knob.
        InputError: if the rows cannot be held out in so many parts, or the model cannot look at them or diverges.
    """
    recipe = recipes_of([model], None, None, "epochs", data)[model]
    where = known_device(device or str(here()))
    _can_be_held_out(data, folds)
    vectors = None if embeddings is None else check_embeddings(embeddings, len(data), "embeddings")
    seen = _readable(data)
    rows = data if len(seen) == len(data) else data.take(data.rows[seen])
    given = Given(embeddings=None if vectors is None else vectors[seen])
    evidence = Evidence(rows, given=given, seed=seed, progress=progress)
    fold = _folds(evidence, folds)
    x = _inputs(evidence, where, pictures=looks_at_pictures(recipe.model))
    classes = len(data.classes)
    fits, choices = _trained(x, _jobs(rows, fold, folds, seed), classes, recipe, progress)
    values = _predicted(x, fits, fold, classes, model)
    whole, held = np.full((len(data), classes), 1 / classes, "float32"), np.full(len(data), UNFOLDED)
    whole[seen], held[seen] = values, fold
    return OutOfFold(
        Probabilities(whole, data.classes, model),
        held,
        accuracy=float((values.argmax(axis=1) == rows.labels).mean()),
        steps=max(f.steps for f in fits),
        parameters=sum(p.numel() for p in fits[0].model.parameters()),
        device=where,
        choices=choices,
        notes=tuple(dict.fromkeys([*_unseen(data, seen), *(note for f in fits for note in f.notes)])),
    )


# -- what is trained on ------------------------------------------------------------------------------------------------


def _can_be_held_out(data: Dataset, folds: int) -> None:
    """InputError for what is plainly wrong, before anything is computed."""
    if folds < 2:
        raise InputError(f"folds must be at least 2, got {folds}")
    if folds > len(data):
        raise InputError(f"{data.name}: {folds} folds are more than the {len(data):,} rows")
    if len(np.unique(data.labels)) < 2:
        raise InputError(f"{data.name}: all {len(data):,} rows have one label, {data.given.iloc[0]!r}")


def _readable(data: Dataset) -> np.ndarray:
    """Positions of the rows that a model can look at."""
    broken = unreadable(data)
    if len(broken) == len(data):
        why = next(iter(broken.values()))
        raise InputError(f"{data.name}: none of the {len(data):,} pictures can be opened: {why}")
    return np.flatnonzero(~data.rows.isin(list(broken)))


def _unseen(data: Dataset, seen: np.ndarray) -> list[str]:
    """A sentence on the rows that no model could look at."""
    if len(seen) == len(data):
        return []
    left = data.rows[np.setdiff1d(np.arange(len(data)), seen)]
    return [f"no picture to look at in row {some(left)}: all classes are equally likely there"]


def _folds(evidence: Evidence, folds: int) -> np.ndarray:
    """(n,) the fold in which a row is held out: exactly as many as asked for."""
    data = evidence.data
    try:
        fold = assign_folds(data.labels, evidence.together, folds=folds, seed=evidence.seed)
    except TooRare as rare:
        rows = data.rows[rare.positions]
        raise InputError(
            f"{data.name}: class {data.classes[rare.class_]!r} has {len(rows)} row{'s' * (len(rows) > 1)} in one block "
            f"(row {some(rows)}), so no fold can both learn and predict it; merge it or drop it"
        ) from None
    if (made := len(np.unique(fold))) < folds:
        raise InputError(
            f"{data.name}: {len(data):,} rows, with their copies and groups kept together, can be held out in {made} "
            f"parts, not in {folds}"
        )
    return fold


def _inputs(evidence: Evidence, device: str, *, pictures: bool) -> torch.Tensor:
    """What the model looks at, (n, …) on the device. A pool holds training rows beside test rows; here one row stands
    in for the latter, so that pictures are read once."""
    data, vectors = evidence.data, evidence.embeddings
    pool = Pool(data, data.take(data.rows[:1]), vectors, vectors[:1], device)
    return pool.inputs(pictures=pictures)[0]


def _jobs(data: Dataset, fold: np.ndarray, folds: int, seed: int) -> list[Job]:
    """A training for each fold, on all rows outside of it."""
    weights = np.ones(len(data), "float32") if data.weights is None else data.weights.astype("float32")
    jobs = []
    for f in range(folds):
        learn = np.flatnonzero(fold != f)
        if not (weights[learn] > 0).any():
            raise InputError(f"{data.name}: every row outside of fold {f} has weight 0, so nothing can be learnt there")
        own = torch.from_numpy(data.labels[learn]), torch.from_numpy(weights[learn])
        jobs.append(Job(torch.from_numpy(learn), *own, seed))
    return jobs


# -- training ----------------------------------------------------------------------------------------------------------


def _trained(
    x: torch.Tensor, jobs: Sequence[Job], classes: int, recipe: Recipe, progress: Progress
) -> tuple[list[Fit], tuple[str, ...]]:
    """The folds' models in order. Those that train one after another are reported as they are done."""
    alone = together(x, classes, recipe) == "alone"
    fits: list[Fit] = []
    said: list[str] = []
    for part in [[job] for job in jobs] if alone else [list(jobs)]:
        progress("training", len(fits), len(jobs))
        trained = train_jobs(x, part, classes, recipe)
        fits += trained.fits
        said += [] if alone else [str(choice) for choice in trained.choices]
    progress("training", len(fits), len(jobs))
    return fits, tuple(said or [f"{len(jobs)} cells alone: a {recipe.model} trains in no group on a {x.device.type}"])


def _predicted(x: torch.Tensor, fits: Sequence[Fit], fold: np.ndarray, classes: int, model: str) -> np.ndarray:
    """(n, classes) float32: each row by the model of its fold."""
    out = np.empty((len(fold), classes), "float32")
    for f, fitted in enumerate(fits):
        held = np.flatnonzero(fold == f)
        out[held] = predict(fitted.model, x[torch.from_numpy(held).to(x.device)]).cpu().numpy()
        if not np.isfinite(out[held]).all():
            raise InputError(f"model {model!r}: the loss was no number without fold {f}; try a smaller lr, as :lr=1e-4")
    return out


# -- files -------------------------------------------------------------------------------------------------------------


def check_output(path: Path, *, force: bool = False) -> None:
    """OutputError if probabilities could not be written to `path`, or would replace a file without `force`."""
    if path.suffix != ".npz":
        raise OutputError(f"{path}: probabilities are written as .npz")
    if path.is_dir():
        raise OutputError(f"{path}: is a folder")
    if path.exists() and not force:
        raise OutputError(f"{path}: exists; name another file or say --force")
    if not path.absolute().parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}")
    if not os.access(path.absolute().parent, os.W_OK):
        raise OutputError(f"{path}: cannot write here: {path.absolute().parent} is read-only")


def write_probabilities(path: Path, probabilities: Probabilities, *, force: bool = False) -> None:
    """Write `.npz` with `pred_probs` (n, K) float32 and `classes` as text, whole or not at all; it is read by
    `audit.probabilities.read_probabilities`."""
    check_output(path, force=force)
    buffer = io.BytesIO()
    classes = np.array([str(c) for c in probabilities.classes])
    np.savez(buffer, pred_probs=np.asarray(probabilities.values, "float32"), classes=classes)
    write_bytes(path, buffer.getvalue())
