"""Datasets whose wrong labels are known, as evidence for methods that look for them.

Human noise: CIFAR-10N, where every row has a clean label beside noisy ones. Injected noise: uniform; class-dependent (a
random sparse noise matrix); pairs (every class mistaken for one other); instance-dependent (part-dependent, Xia et al.,
NeurIPS 2020). Evidence is kept under build/bench/labels by the hash of what it is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from audit import load
from audit.evidence.cache import array_digest
from audit.evidence.embeddings import embed
from audit.evidence.folds import assign_folds
from audit.neighbours import Neighbours, nearest, neighbour_vote
from audit.noise.refit import Features
from audit.probabilities import linear_head
from tests.bench.goals import BUILD, SHARED

KEPT = BUILD / "labels"
HEAD, VOTE = "linear head", "neighbour vote"
GRAPH = 50
HUMAN = ("aggre", "random1", "worse")
STRONG = ("resnet18", "efficientnet", "swin", "mean")
INJECTED = ("uniform", "class", "instance")
RATES = (0.05, 0.2, 0.4)
TABLES = ("wine", "breast_cancer", "iris")


@dataclass(frozen=True, eq=False)
class Setting:
    """Given labels, what is known of them, and the evidence a method may look at."""

    group: str
    name: str
    labels: np.ndarray
    wrong: np.ndarray
    views: dict[str, np.ndarray]
    cheap: tuple[str, ...]
    features: Features | None

    @property
    def brought(self) -> np.ndarray | None:
        """(n, K) the user's probabilities, where there are any."""
        return next((v for name, v in self.views.items() if name not in self.cheap), None)

    @property
    def head(self) -> np.ndarray | None:
        """(n, K) the linear head's."""
        return self.views.get(HEAD)


def kept(key: list[object], compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays computed once for everything the key says."""
    name = array_digest(np.frombuffer(repr(key).encode(), dtype=np.uint8))
    path = KEPT / f"{name}.npz"
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new.npz")
        np.savez(new, **compute())
        new.replace(path)
    with np.load(path) as file:
        return {k: file[k] for k in file.files}


# -- data --------------------------------------------------------------------------------------------------------------


@cache
def vectors_and_truth(name: str) -> tuple[np.ndarray, np.ndarray]:
    """float32 (n, d) and the true labels (n,)."""
    if name == "cifar10n":
        x = np.load(SHARED / "cifar10n/embeddings_train_20k.npy").astype("float32")
        return x, cifar10n_labels("clean")
    if name == "mnist":
        from sklearn.decomposition import PCA

        with np.load(SHARED / "mnist/mnist.npz") as file:
            rows = np.random.default_rng(0).permutation(60_000)[:10_000]
            x, y = file["x_train"][rows].reshape(-1, 784) / 255.0, file["y_train"][rows].astype(int)
        return PCA(50, random_state=0).fit_transform(x).astype("float32"), y
    if name == "banking77":
        data = load(SHARED / "text/banking77_train.csv", text="text", label="category")
        made = kept(["banking77", data.fingerprint], lambda: {"x": embed(data)[0]})
        return made["x"], data.labels.astype(int)
    import sklearn.datasets

    x, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
    x = x / 16 if name == "digits" else (x - x.mean(axis=0)) / x.std(axis=0)
    return x.astype("float32"), y.astype(int)


@cache
def cifar10n_labels(kind: str) -> np.ndarray:
    """(20000,) labels of that kind."""
    column = f"{kind}_label"
    return pd.read_parquet(SHARED / "cifar10n/train_20k.parquet", columns=[column])[column].to_numpy(int)


def probabilities(kind: str, model: str) -> np.ndarray:
    """(20000, 10) published out-of-sample probabilities of a model, or of the three's mean."""
    models = STRONG[:3] if model == "mean" else (model,)
    mean = np.mean([np.load(SHARED / f"cifar10n/pred_probs_{kind}_{m}.npy").astype(float) for m in models], axis=0)
    return np.asarray(mean / mean.sum(axis=1, keepdims=True))


@cache
def neighbours(name: str) -> Neighbours:
    """By direction from the centre; a table's by distance."""
    x = vectors_and_truth(name)[0]
    if name not in TABLES:
        x = x - x.mean(axis=0)
        x = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)).astype("float32")

    def compute() -> dict[str, np.ndarray]:
        near = nearest(x, GRAPH)
        return {"indices": near.indices, "distances": near.distances}

    return Neighbours(**kept(["neighbours", array_digest(x), GRAPH], compute))


# -- noise -------------------------------------------------------------------------------------------------------------


def injected(x: np.ndarray, truth: np.ndarray, kind: str, rate: float, seed: int) -> np.ndarray:
    """(n,) labels of which about `rate` are wrong."""
    rng = np.random.default_rng([seed, round(100 * rate), sum(map(ord, kind))])
    classes = int(truth.max()) + 1
    if kind == "instance":
        return _by_instance(x, truth, rate, classes, rng)
    matrix = {"uniform": _uniform, "class": _sparse, "pairs": _pairs}[kind](rate, classes, rng)
    return (matrix[truth].cumsum(axis=1) > rng.random((len(truth), 1))).argmax(axis=1)


def _uniform(rate: float, classes: int, rng: np.random.Generator) -> np.ndarray:
    out = np.full((classes, classes), rate / (classes - 1))
    np.fill_diagonal(out, 1 - rate)
    return out


def _pairs(rate: float, classes: int, rng: np.random.Generator) -> np.ndarray:
    cycle = rng.permutation(classes)
    out = np.eye(classes) * (1 - rate)
    out[cycle, np.roll(cycle, 1)] += rate
    return out


def _sparse(rate: float, classes: int, rng: np.random.Generator) -> np.ndarray:
    rates = np.clip(rate * rng.uniform(0.5, 1.5, classes), 0, 0.55)
    rates *= rate / rates.mean()
    out = np.diag(1 - rates)
    for k in range(classes):
        many = min(classes - 1, int(rng.integers(1, 4)))
        others = rng.choice(np.delete(np.arange(classes), k), many, replace=False)
        out[k, others] = rates[k] * rng.dirichlet(np.full(many, 2.0))
    return out


def _by_instance(x: np.ndarray, truth: np.ndarray, rate: float, classes: int, rng: np.random.Generator) -> np.ndarray:
    rates = np.clip(rng.normal(rate, 0.1, len(truth)), 0, 1)
    parts = rng.normal(size=(classes, x.shape[1], classes)).astype("float32")
    scaled = 3 * x / np.sqrt((x**2).mean() * x.shape[1])
    out = truth.copy()
    for i, k in enumerate(truth):
        logits = scaled[i] @ parts[k]
        logits[k] = -np.inf
        shares = np.exp(logits - logits.max())
        if rng.random() < rates[i]:
            out[i] = rng.choice(classes, p=shares / shares.sum())
    return out


# -- evidence ----------------------------------------------------------------------------------------------------------


def evidence(name: str, labels: np.ndarray, seed: int) -> tuple[dict[str, np.ndarray], Features]:
    """The views that assay makes itself, out of fold, and what they are made of."""
    x, near = vectors_and_truth(name)[0], neighbours(name)
    n, classes = len(labels), int(vectors_and_truth(name)[1].max()) + 1
    alone = np.arange(n)

    def compute() -> dict[str, np.ndarray]:
        folds = assign_folds(labels, alone, seed=seed)
        return {"folds": folds, "head": linear_head(x, labels, folds, classes, lambda _done, _total: None)}

    made = kept(["head", array_digest(x), array_digest(labels), seed], compute)
    vote = neighbour_vote(near, labels, alone, classes)
    return {HEAD: made["head"], VOTE: vote}, Features(x, near, made["folds"], alone)


def setting(group: str, title: str, name: str, labels: np.ndarray, seed: int = 0) -> Setting:
    """A dataset's labels with the views that assay makes."""
    views, features = evidence(name, labels, seed)
    return Setting(group, title, labels, labels != vectors_and_truth(name)[1], views, (HEAD, VOTE), features)


def with_strong(base: Setting, kind: str, model: str, group: str) -> Setting:
    """The same rows with published probabilities beside what assay makes."""
    views = {model: probabilities(kind, model), **base.views}
    return replace(base, group=group, name=f"{base.name} {model}", views=views)


def alone(strong: Setting, group: str) -> Setting:
    """The brought probabilities and nothing else."""
    views = {k: v for k, v in strong.views.items() if k not in strong.cheap}
    return replace(strong, group=group, name=f"{strong.name} alone", views=views, cheap=(), features=None)


def human(seeds: int) -> Iterator[Setting]:
    """CIFAR-10N: shared embeddings alone; strong probabilities with them and without."""
    for kind in HUMAN:
        for seed in range(seeds):
            yield setting("CIFAR-10N weak", f"{kind} embeddings {seed}", "cifar10n", cifar10n_labels(kind), seed)
    for kind in ("aggre", "worse"):
        base = setting("", kind, "cifar10n", cifar10n_labels(kind))
        for model in STRONG:
            strong = with_strong(base, kind, model, "CIFAR-10N strong, two views")
            yield strong
            yield alone(strong, "CIFAR-10N strong, one view")


def noisy(names: tuple[str, ...], draws: range, kinds: tuple[str, ...] = INJECTED) -> Iterator[Setting]:
    """Injected noise, a fresh draw a seed."""
    for name in names:
        x, truth = vectors_and_truth(name)
        group = "injected, tables" if name in TABLES else "injected"
        for kind in kinds:
            for rate in RATES:
                for seed in draws:
                    labels = injected(x, truth, kind, rate, seed)
                    yield setting(group, f"{name} {kind} {rate:.0%} {seed}", name, labels, seed)


def shipped(name: str) -> Setting:
    """Data as it ships."""
    return setting("clean", name, name, vectors_and_truth(name)[1])


def clean() -> Iterator[Setting]:
    """Data as it ships, where little should be flagged."""
    for name in ("digits", "wine", "breast_cancer"):
        yield shipped(name)
    base = setting("clean", "CIFAR-10 clean", "cifar10n", cifar10n_labels("clean"))
    for model in STRONG:
        yield with_strong(base, "aggre", model, "clean, strong")
        yield alone(with_strong(base, "aggre", model, "clean, strong"), "clean, strong")
