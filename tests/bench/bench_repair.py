"""What auditing and repairing each draw by itself costs, against training the seven versions it feeds."""

from __future__ import annotations

import time
from statistics import median

import numpy as np
import torch

from audit import load
from audit.dataset import Dataset
from audit.evidence.embeddings import embed
from tests.bench.goals import SHARED, Goal, at_most, not_measured
from train.experiment import DEFAULT_VARIANTS
from train.fit.plan import train_jobs
from train.fit.recipe import recipe_for
from train.fit.vmapped import Job
from train.grid.draws import light, rows_of
from train.grid.variants import choose

COMMAND = "python -m tests.bench repair"
SIZE, SEEDS = 4_000, 3
BAR = 0.5
MODELS = ("linear", "mlp")


def run() -> list[Goal]:
    torch.set_num_threads(1)
    names = [f"auditing each draw of {SIZE:,} rows by itself, against training seven {m} models on it" for m in MODELS]
    if not SHARED.is_dir():
        return [not_measured(n, f"<= {BAR}", "of it", COMMAND, "no benchmark data") for n in names]
    banking = load(str(SHARED / "text/banking77_train.csv"))
    vectors = embed(banking)[0]
    pictures = (
        load(SHARED / "cifar10n/train_20k.parquet", label="worse_label", image="jpeg"),
        np.load(SHARED / "cifar10n/embeddings_train_20k.npy").astype("float32"),
    )
    found = [_took(light(d), v) for d, v in ((banking, vectors), pictures)]
    goals = []
    for what, (repair, training) in zip(("banking77", "CIFAR-10N worse"), found, strict=True):
        for name, model in zip(names, MODELS, strict=True):
            note = f"{repair:.1f} s, training {training[model]:.1f} s"
            goals.append(at_most(f"{what}: {name}", repair / training[model], BAR, "of it", COMMAND, note))
    return goals


def _took(data: Dataset, vectors: np.ndarray) -> tuple[float, dict[str, float]]:
    """CPU seconds of the repair of a draw and, by model, of the training of its versions; medians over the seeds."""
    variants = choose(DEFAULT_VARIANTS, data, None)
    x = torch.from_numpy(vectors / np.sqrt(np.square(vectors - vectors.mean(axis=0)).mean()))
    repairs: list[float] = []
    trainings: dict[str, list[float]] = {m: [] for m in MODELS}
    for seed in range(SEEDS):
        start = time.process_time()
        rows = rows_of(data, vectors, SIZE, seed, variants)
        repairs.append(time.process_time() - start)
        jobs = [
            Job(
                torch.from_numpy(rows[v.name].positions),
                torch.from_numpy(rows[v.name].labels),
                torch.from_numpy(rows[v.name].weights).float(),
                seed,
                v.augment,
            )
            for v in variants
        ]
        for model in MODELS:
            start = time.process_time()
            train_jobs(x, jobs, len(data.classes), recipe_for(model))
            trainings[model].append(time.process_time() - start)
    return median(repairs), {m: median(t) for m, t in trainings.items()}
