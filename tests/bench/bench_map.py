"""The page's map: what it costs, and how far its neighbours are neighbours, against scikit-learn's t-SNE."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from audit import Given, audit, load
from audit.dataset import Dataset
from audit.evidence.embeddings import embed
from audit.evidence.gather import Evidence
from audit.evidence.layout import TRUST, layout, trustworthiness
from audit.evidence.project import ROWS, sampled
from tests.bench.goals import SHARED, Goal, at_least, at_most, not_measured

COMMAND = "python -m tests.bench map"
TIME = "scikit-learn's t-SNE (300 steps) against the map's"
TRUSTED = "trustworthiness, ours less scikit-learn's"


def run() -> list[Goal]:
    return [goal for name, points in _points() for goal in _against(name, points)] + [_share()]


def _points() -> Iterator[tuple[str, np.ndarray]]:
    """Rows as neighbours are sought among them, at most as many as a map shows."""
    yield "digits", _some(load("digits"))
    if SHARED.is_dir():
        yield "banking77", _some(load(str(SHARED / "text/banking77_train.csv"), text="text", label="category"))
        data, given = _cifar10n()
        yield "CIFAR-10N", _some(data, given.embeddings)


def _some(data: Dataset, embeddings: np.ndarray | None = None) -> np.ndarray:
    vectors = embed(data)[0] if embeddings is None else embeddings
    return Evidence(data, given=Given(embeddings=vectors)).space[0][sampled(data, {}, seed=0)]


def _against(name: str, points: np.ndarray) -> list[Goal]:
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from sklearn.manifold import trustworthiness as judged

    start = PCA(2, svd_solver="full").fit_transform(points)
    tsne = TSNE(perplexity=15, init=start / start[:, 0].std() * 1e-4, max_iter=300, random_state=0)
    ours, mine = _cpu(lambda: layout(points))
    theirs, other = _cpu(lambda: tsne.fit_transform(points))
    trusts = [judged(points, places, n_neighbors=TRUST) for places in (mine, other, start)]
    if abs(trusts[0] - trustworthiness(points, mine)) > 1e-4:
        raise AssertionError("our trustworthiness is not scikit-learn's")
    words = ", ".join(f"{trust:.3f}" for trust in trusts)
    note = f"{len(points):,} rows; ours, theirs, two principal components: {words}"
    return [
        at_least(f"{TIME}: {name}", theirs / ours, 4, "x", COMMAND, f"{ours:.2f} s of CPU against {theirs:.2f}"),
        at_least(f"{TRUSTED}: {name}", float(trusts[0] - trusts[1]), -0.02, "", COMMAND, note),
    ]


def _share() -> Goal:
    """What the map adds to an audit of 20,000 rows."""
    name = "the map of 20,000 rows against their audit without it: CIFAR-10N"
    if not SHARED.is_dir():
        return not_measured(name, "<= 0.05", "of it", COMMAND, "benchmark data absent")
    data, given = _cifar10n()
    seconds, report = _cpu(lambda: audit(data, given=given, with_map=False))
    points = Evidence(data, given=given).space[0]

    def place() -> None:
        chosen = points[sampled(data, report.checks, seed=0)]
        trustworthiness(chosen, layout(chosen))

    spent = sorted(_cpu(place)[0] for _ in range(5))[2]
    note = f"{spent:.2f} s of CPU against {seconds:.1f}; {ROWS:,} rows are shown"
    return at_most(name, spent / seconds, 0.05, "of it", COMMAND, note)


def _cifar10n() -> tuple[Dataset, Given]:
    folder = SHARED / "cifar10n"
    vectors = np.load(folder / "embeddings_train_20k.npy").astype("float32")
    data = load(str(folder / "train_20k.parquet"), label="worse_label", image="jpeg")
    return data, Given(embeddings=vectors)


def _cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    done = work()
    return time.process_time() - start, done
