"""How far learning curves can be extrapolated: fitted on small sizes, held against what larger ones came to."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from tests.bench.goals import BUILD, SHARED, Goal, at_least, at_most, not_measured, timed
from train.fit.loop import fit, predict
from train.fit.recipe import recipe_for
from train.judge.curves import FEWEST_RANGE, Curve, Refused, fit_curve

COMMAND = "python -m tests.bench curves"
KEPT = BUILD / "curves"
"""A file a curve, so that only the first run trains: some ten minutes on one core."""
STEP = math.sqrt(2)
SIZES = 11
BARS = {2: 0.6, 4: 1.1}
"""Times the largest size fitted, and the mean absolute error allowed there, in points."""


class Task(NamedTuple):
    """Rows to learn from and rows to be judged by."""

    x: Any
    y: np.ndarray
    x_test: Any
    y_test: np.ndarray


class Measured(NamedTuple):
    """A curve as it was measured: mean error and its standard error over seeds, size by size."""

    name: str
    sizes: np.ndarray
    errors: np.ndarray
    standard_errors: np.ndarray


class Case(NamedTuple):
    """One extrapolation: what was said, what it came to, and what no change would have said. Shares."""

    times: int
    source: str
    said: float
    low: float
    high: float
    last: float
    truth: float


def run() -> list[Goal]:
    if not SHARED.is_dir():
        return [not_measured(n, b, u, COMMAND, "benchmark data absent") for n, b, u in _names()]
    curves = list(measured())
    found, refused = cases(curves)
    goals = []
    for times, bar in BARS.items():
        here = [c for c in found if c.times == times]
        off = 100 * float(np.mean([abs(c.said - c.truth) for c in here]))
        still = 100 * float(np.mean([abs(c.last - c.truth) for c in here]))
        cover = float(np.mean([c.low <= c.truth <= c.high for c in here]))
        width = 100 * np.mean([c.high - c.low for c in here])
        many = f"{len(here)} cases of {len(curves)} curves, {refused[times]} refused"
        by = ", ".join(f"{k} {v:.2f}" for k, v in _by_source(here).items())
        (name, *_), (against, *_), (covers, *_) = [n for n in _names() if f" {times}x" in n[0]]
        goals += [
            at_most(name, off, bar, "points", COMMAND, f"{many}; {by}"),
            at_most(against, off / still, 0.25, "of it", COMMAND, f"no change is off by {still:.2f} points"),
            at_least(covers, cover, 0.75, "", COMMAND, f"{width:.1f} points wide"),
        ]
    seconds = timed(lambda: _fit(curves[0], len(curves[0].sizes)), repeats=5)
    return [*goals, at_most(_names()[-1][0], seconds, 0.3, "s", COMMAND)]


def _names() -> list[tuple[str, str, str]]:
    """Each goal's name, bar and unit."""
    out = []
    for times, bar in BARS.items():
        out += [
            (f"error of extrapolating learning curves to {times}x", f"<= {bar:g}", "points"),
            (f"the same at {times}x, against assuming no change", "<= 0.25", "of it"),
            (f"share of truths that 80 % bands cover at {times}x", ">= 0.75", ""),
        ]
    return [*out, ("seconds to fit a curve with its band", "<= 0.3", "s")]


def _by_source(found: list[Case]) -> dict[str, float]:
    sources = dict.fromkeys(c.source for c in found)
    return {s: float(100 * np.mean([abs(c.said - c.truth) for c in found if c.source == s])) for s in sources}


def cases(curves: list[Measured]) -> tuple[list[Case], dict[int, int]]:
    """Every curve cut after every size that leaves enough to fit, held against sizes 2 and 4 times as large; and how
    many of these cuts were refused."""
    out, refused = [], dict.fromkeys(BARS, 0)
    for curve in curves:
        for cut in range(5, len(curve.sizes)):
            ahead = {t: cut - 1 + round(math.log(t, STEP)) for t in BARS}
            ahead = {t: i for t, i in ahead.items() if i < len(curve.sizes)}
            if curve.sizes[cut - 1] / curve.sizes[0] < FEWEST_RANGE or not ahead:
                continue
            fitted = _fit(curve, cut)
            for times, i in ahead.items():
                if isinstance(fitted, Refused):
                    refused[times] += 1
                    continue
                said, band = fitted.at(curve.sizes[i]), fitted.band(curve.sizes[i])
                assert not isinstance(said, Refused)
                assert not isinstance(band, Refused)
                source = curve.name.split()[0]
                out.append(Case(times, source, said, *band, curve.errors[cut - 1], curve.errors[i]))
    return out, refused


def _fit(curve: Measured, cut: int) -> Curve | Refused:
    return fit_curve(curve.sizes[:cut], curve.errors[:cut], curve.standard_errors[:cut])


def measured() -> Iterator[Measured]:
    """The real curves: digits, banking77 and CIFAR-10N's embeddings under several learners, eleven sizes each, from a
    32nd of the rows to all."""
    yield from _curves("digits", _digits, DIGITS, 1280, 5)
    yield from _curves("banking77", _banking77, TEXT, 10_000, 3)
    for kind in ("clean", "aggre", "worse"):
        yield from _curves(f"cifar10n {kind}", lambda seed, k=kind: _cifar10n(k), VECTORS, 20_000, 3)


def _curves(
    name: str,
    task: Callable[[int], Task],
    learners: dict[str, Callable[[int, int], Any]],
    most: int,
    seeds: int,
) -> Iterator[Measured]:
    sizes = np.array([round(most / STEP**k) for k in reversed(range(SIZES))])
    for learner, build in learners.items():
        path = KEPT / f"{name} {learner} {seeds} seeds.json".replace(" ", "_")
        if not path.exists():
            errors = [[_error(task(s), build, n, s) for s in range(seeds)] for n in sizes]
            _keep(path, {"sizes": sizes.tolist(), "errors": errors})
        kept = json.loads(path.read_text())
        errors = np.array(kept["errors"])
        yield Measured(
            f"{name} {learner}",
            np.array(kept["sizes"]),
            errors.mean(axis=1),
            errors.std(axis=1, ddof=1) / math.sqrt(errors.shape[1]),
        )


def _keep(path: Path, values: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(values) + "\n")
    new.replace(path)


def _error(task: Task, build: Callable[[int, int], Any], size: int, seed: int) -> float:
    """The share of test rows that a model gets wrong when trained on the first rows of a seed's order."""
    rows = np.random.default_rng(seed).permutation(len(task.y))[:size]
    model = build(size, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed budget is a recipe too
        model.fit(task.x[rows], task.y[rows])
    return float((model.predict(task.x_test) != task.y_test).mean())


def _digits(seed: int) -> Task:
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng([seed, 1]).permutation(len(y))
    own, other = order[:1280], order[1280:]
    return Task(x[own], y[own], x[other], y[other])


def _banking77(_seed: int) -> Task:
    train, test = (pd.read_csv(SHARED / f"text/banking77_{part}.csv") for part in ("train", "test"))
    parts = [(t["text"].to_numpy(object), t["category"].to_numpy(str)) for t in (train, test)]
    return Task(*parts[0], *parts[1])


def _cifar10n(kind: str) -> Task:
    folder = SHARED / "cifar10n"
    own, other = (np.load(folder / f"embeddings_{n}.npy").astype("float32") for n in ("train_20k", "test_10k"))
    rows = pd.read_parquet(folder / "train_20k.parquet", columns=[f"{kind}_label"])
    truth = pd.read_parquet(folder / "test_10k.parquet", columns=["label"])
    scaler = StandardScaler().fit(own)
    return Task(
        scaler.transform(own), rows.iloc[:, 0].to_numpy(int), scaler.transform(other), truth["label"].to_numpy()
    )


class Ours:
    """The models that `compare` trains, by its own recipes."""

    def __init__(self, model: str, seed: int) -> None:
        self.recipe, self.seed = recipe_for(model), seed

    def fit(self, x: np.ndarray, y: np.ndarray) -> None:
        own, weights = torch.from_numpy(x), torch.ones(len(x))
        self.model = fit(own, torch.from_numpy(y), weights, int(y.max()) + 1, self.recipe, self.seed).model

    def predict(self, x: np.ndarray) -> np.ndarray:
        return predict(self.model, torch.from_numpy(x)).numpy().argmax(axis=1)


DIGITS: dict[str, Callable[[int, int], Any]] = {
    "logistic": lambda n, s: make_pipeline(StandardScaler(), LogisticRegression(max_iter=200)),
    "bayes": lambda n, s: GaussianNB(var_smoothing=1e-3),
    "neighbour": lambda n, s: KNeighborsClassifier(1),
    "svm": lambda n, s: SVC(),
    "forest": lambda n, s: RandomForestClassifier(60, random_state=s),
}
TEXT: dict[str, Callable[[int, int], Any]] = {
    "bayes": lambda n, s: make_pipeline(TfidfVectorizer(sublinear_tf=True), MultinomialNB(alpha=0.1)),
    "svm": lambda n, s: make_pipeline(TfidfVectorizer(sublinear_tf=True), LinearSVC()),
    "logistic": lambda n, s: make_pipeline(
        TfidfVectorizer(sublinear_tf=True), SGDClassifier("log_loss", alpha=1e-5, max_iter=20, tol=None, random_state=s)
    ),
}
VECTORS: dict[str, Callable[[int, int], Any]] = {
    "logistic": lambda n, s: LogisticRegression(C=0.003, max_iter=60),
    "linear": lambda n, s: Ours("linear", s),
    "mlp": lambda n, s: Ours("mlp", s),
}
