"""What is repairing labels worth, on pictures, texts and a table? The full experiment, from one command.

    python examples/experiment.py cifar10n-worse      a 40 % wrong set of human labels
    python examples/experiment.py cifar10n-aggre      the majority of three people, 9 % wrong
    python examples/experiment.py banking77           requests to a bank, 77 intents, 15 % of the labels moved
    python examples/experiment.py digits              a table of 64 numbers a row, 20 % of the labels moved

Each trains raw, pruned, relabelled, reweighted, augmented, random-pruned and oracle at five sizes with five seeds, every
draw cleaned by itself, and beside them the same repairs by a cleaner that saw the whole pool: the difference is how much
such a cleaner flatters. It writes comparison.html and advice.html. CIFAR-10N and banking77 are read from a folder that
you have (--data); digits come with scikit-learn. Finished models are kept: run it again to go on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from audit import Dataset, load
from train import advise, compare
from train.advice.prices import parse_prices
from train.publish import publish
from train.render.advice_files import write_advice
from train.render.advice_terminal import advice_terminal
from train.render.terminal import terminal

VERSIONS = ("raw", "pruned", "relabelled", "reweighted", "augmented", "random-pruned", "oracle")
WHOLE_POOL = ("pruned@pool", "relabelled@pool", "reweighted@pool")
PRICES = "label=0.08,review=0.02,row=0.10,gpu_hour=2.5"
POLLUTED = ("polluted:5", "polluted:10", "polluted:20")


@dataclass(frozen=True, eq=False)
class Subject:
    """What is compared, and on what."""

    data: Dataset
    test: Dataset
    truth: str
    """The column of true labels."""
    sizes: tuple[int, ...]
    models: tuple[str, ...]
    embeddings: np.ndarray | None = None
    test_embeddings: np.ndarray | None = None


def cifar10n(folder: Path, labels: str) -> Subject:
    """Pictures that three people labelled, with features of a network that never saw them; the clean label is known."""
    parts = ("train_20k", "test_10k")
    own, other = (np.load(folder / f"cifar10n/embeddings_{n}.npy").astype("float32") for n in parts)
    train = load(folder / "cifar10n/train_20k.parquet", label=f"{labels}_label", image="jpeg")
    test = load(folder / "cifar10n/test_10k.parquet", label="label", image="jpeg")
    return Subject(
        named(train, f"CIFAR-10N {labels}"),
        named(test, "CIFAR-10 test"),
        "clean_label",
        (1_250, 2_500, 5_000, 10_000, 20_000),
        ("linear", "mlp"),
        own,
        other,
    )


def banking77(folder: Path) -> Subject:
    """Texts whose labels are taken as true, and 15 % of them moved to the intent that reads most alike."""
    train, test = (pd.read_csv(folder / f"text/banking77_{n}.csv") for n in ("train", "test"))
    vectors = TfidfVectorizer(sublinear_tf=True).fit_transform(train["text"])
    close = TruncatedSVD(64, random_state=0).fit_transform(vectors)
    table = train.assign(truth=train["category"], category=moved(train["category"], close, 0.15))
    return Subject(
        named(load(table, text="text", label="category"), "banking77, 15 % of the labels moved"),
        named(load(test, text="text", label="category"), "banking77 test"),
        "truth",
        (600, 1_200, 2_400, 4_800, 9_600),
        ("linear",),
    )


def digits() -> Subject:
    """A table of numbers, 20 % of its labels moved to the digit that looks most alike."""
    found = load_digits()
    names = [f"p{i:02}" for i in range(found.data.shape[1])]
    table = pd.DataFrame(found.data, columns=names).assign(truth=[f"digit {k}" for k in found.target])
    table = table.sample(frac=1, random_state=0, ignore_index=True)
    train, test = table.iloc[:1_297], table.iloc[1_297:].rename(columns={"truth": "label"})
    train = train.assign(label=moved(train["truth"], train[names].to_numpy(), 0.2))
    return Subject(
        named(load(train, label="label", features=names), "digits, 20 % of the labels moved"),
        named(load(test, label="label", features=names), "digits test"),
        "truth",
        (80, 160, 320, 640, 1_280),
        ("linear", "mlp"),
    )


def named(data: Dataset, name: str) -> Dataset:
    return replace(data, name=name)


def moved(labels: pd.Series, vectors: np.ndarray, share: float) -> pd.Series:
    """The labels, a share of them replaced by the class whose mean is nearest to the row after its own."""
    codes, names = pd.factorize(labels, sort=True)
    means = np.stack([vectors[codes == k].mean(axis=0) for k in range(len(names))])
    distance = ((vectors[:, None] - means[None]) ** 2).sum(axis=2)
    distance[np.arange(len(codes)), codes] = np.inf
    wrong = np.random.default_rng(0).random(len(codes)) < share
    return pd.Series(names[np.where(wrong, distance.argmin(axis=1), codes)], index=labels.index)


SUBJECTS = ("cifar10n-worse", "cifar10n-aggre", "banking77", "digits")


def subject(name: str, folder: Path) -> Subject:
    if name == "digits":
        return digits()
    if not folder.is_dir():
        sys.exit(f"{folder}: no such folder; name the one that holds cifar10n/ and text/ with --data")
    return banking77(folder) if name == "banking77" else cifar10n(folder, name.removeprefix("cifar10n-"))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="What is repairing labels worth?")
    parser.add_argument("subject", choices=SUBJECTS)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder of the data")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/experiments"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sizes", help="N,… instead of the five")
    parser.add_argument("--models", help="NAME,… instead of the subject's own")
    said = parser.parse_args(arguments)
    chosen = subject(said.subject, said.data)
    runs = said.output / said.subject
    comparison = compare(
        chosen.data,
        chosen.test,
        variants=(*VERSIONS, *WHOLE_POOL, *POLLUTED),
        sizes=[int(n) for n in said.sizes.split(",")] if said.sizes else chosen.sizes,
        seeds=said.seeds,
        models=said.models.split(",") if said.models else chosen.models,
        embeddings=chosen.embeddings,
        test_embeddings=chosen.test_embeddings,
        truth=chosen.truth,
        runs=runs,
        progress=tell,
    )
    publish(replace(comparison, command=f"python examples/experiment.py {said.subject}"), runs)
    print(terminal(comparison))
    advice = advise([runs], parse_prices(PRICES), command=f"assay advise {runs} --cost {PRICES}")
    write_advice(advice, said.output / f"{said.subject}-advice")
    print(advice_terminal(advice))
    print(f"report: {runs}/comparison.html")
    print(f"        {said.output}/{said.subject}-advice/advice.html")


def tell(what: str, done: int, total: int) -> None:
    if total > 1 and sys.stderr.isatty():
        print(f"\r{what}: {done} of {total}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
