"""Vectors in which examples that look alike lie close together, made without labels and without a network.

tables    skrub's TableVectorizer; missing numbers by their median plus a column that says so; each column to unit
          variance; then at most `DIMENSIONS` principal components
texts     TF-IDF of words and word pairs and of character 3- to 5-grams, truncated SVD
pictures  histograms of oriented gradients (after Dalal and Triggs, CVPR 2005) beside the small grey or coloured
          picture itself, principal components; or a torchvision backbone whose weights file the user names

What is made of each picture by itself (audit/picture_features.py, a backbone) is kept by the picture's hash. TF-IDF, SVD,
the table's vectors and principal components are fitted to the whole data and made anew whenever it changed: an
embedding fitted to earlier data would depend on what a cache remembers.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError  # what torch.load raises: nothing is unpickled here
from typing import Any

import numpy as np
import pandas as pd

from audit.cache import Cache, array_digest, installed
from audit.dataset import Dataset
from audit.errors import InputError, UnknownName
from audit.picture_features import GRADIENTS, THUMBNAIL, coloured, picture_features, shown
from audit.pictures import stack

DIMENSIONS = 128
BATCH = 32
"""Pictures that a backbone sees at once, always as many: a network's last bits depend on how many there are."""
BACKBONE_SIDE = 64


@dataclass(frozen=True)
class Backbone:
    """A torchvision classifier and the file that holds its weights."""

    name: str
    weights: Path


def embed(
    data: Dataset,
    *others: Dataset,
    dimensions: int = DIMENSIONS,
    seed: int = 0,
    backbone: Backbone | None = None,
    cache: Cache | None = None,
) -> list[np.ndarray]:
    """Embed `data` and each of `others` in the space fitted on `data` alone, without labels. The cache saves work and
    changes nothing.

    Returns:
        One float32 array (rows, d) a dataset, d <= `dimensions` (tables narrower than that keep their own width).
    """
    everything = (data, *others)
    if data.kind == "text":
        return _embed_texts(everything, dimensions, seed)
    if data.kind == "image":
        cache = cache or Cache()
        if backbone is not None:
            return [_backbone_features(d, backbone, cache) for d in everything]
        return _embed_pictures([picture_features(d, cache) for d in everything], dimensions, seed)
    return _embed_tables(everything, dimensions, seed)


def describe(data: Dataset, backbone: Backbone | None = None) -> str:
    """How `embed` makes this dataset's vectors, in words for the report."""
    if data.kind == "text":
        return "TF-IDF of words and characters, truncated SVD"
    if data.kind == "table":
        return "skrub TableVectorizer, scaled, principal components"
    if backbone is not None:
        return f"torchvision {backbone.name} with the weights in {backbone.weights.name}"
    return "oriented gradients and small pixels, principal components"


# -- texts -------------------------------------------------------------------------------------------------------------


def _embed_texts(everything: Sequence[Dataset], dimensions: int, seed: int) -> list[np.ndarray]:
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")  # noqa: S106  words of one letter too
    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), min_df=2, sublinear_tf=True, max_features=50_000
    )
    fitted = [v for v in (words, characters) if _has_vocabulary(v, everything[0].texts)]
    if not fitted:
        raise InputError(f"{everything[0].name}: no text holds a word or a sign to tell it by")
    sparse = [hstack([v.transform(d.texts) for v in fitted]).tocsr() for d in everything]
    return _truncated(sparse, dimensions, seed)


def _has_vocabulary(vectorizer: Any, texts: Sequence[str]) -> bool:
    """Fit the vectorizer to what occurs twice, or at all where nothing does; False where there is nothing."""
    for fewest in (2, 1):
        try:
            vectorizer.set_params(min_df=fewest).fit(texts)
        except ValueError:  # scikit-learn's word for an empty vocabulary
            continue
        return True
    return False


def _truncated(sparse: Sequence[Any], dimensions: int, seed: int) -> list[np.ndarray]:
    from sklearn.decomposition import TruncatedSVD

    most = min(dimensions, min(sparse[0].shape) - 1)
    if most < 1:
        return [s.toarray().astype("float32") for s in sparse]
    with np.errstate(divide="ignore", invalid="ignore"):  # texts that are all alike have no variance to explain
        svd = TruncatedSVD(most, random_state=seed, n_iter=4).fit(sparse[0])
    return [svd.transform(s).astype("float32") for s in sparse]


# -- tables ------------------------------------------------------------------------------------------------------------


def _embed_tables(everything: Sequence[Dataset], dimensions: int, seed: int) -> list[np.ndarray]:
    from skrub import StringEncoder, TableVectorizer

    if not everything[0].roles.features:
        raise InputError(f"{everything[0].name}: no feature columns; columns are {list(everything[0].table.columns)}")
    vectorizer = TableVectorizer(high_cardinality=StringEncoder(random_state=seed))
    with warnings.catch_warnings():
        # skrub and scikit-learn warn of categories first seen in the reference: they are meant to become zeros
        warnings.simplefilter("ignore", UserWarning)
        frames = [d.features.reset_index(drop=True) for d in everything]
        vectors = [vectorizer.fit_transform(frames[0]), *(vectorizer.transform(f) for f in frames[1:])]
    if vectors[0].shape[1] == 0:
        raise InputError(f"{everything[0].name}: no feature column holds a value")
    return _project(_filled([np.asarray(v, dtype="float64") for v in vectors]), dimensions, seed)


def _filled(vectors: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Missing numbers become the first array's median, and a column beside them says that they were missing."""
    first = vectors[0]
    holed = np.isnan(first).any(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # an all-missing column has no median; it becomes 0
        middle = np.nan_to_num(np.nanmedian(first, axis=0))
    return [np.hstack([np.where(np.isnan(v), middle, v), np.isnan(v[:, holed]).astype(float)]) for v in vectors]


def _project(vectors: Sequence[np.ndarray], dimensions: int, seed: int) -> list[np.ndarray]:
    """Scale columns to unit variance as the first array has it; keep the leading principal components where there are
    more columns than `dimensions`."""
    mean, scale = vectors[0].mean(axis=0), vectors[0].std(axis=0)
    scale[scale < 1e-12] = 1.0
    scaled = [(v - mean) / scale for v in vectors]
    if scaled[0].shape[1] <= dimensions:
        return [s.astype("float32") for s in scaled]
    return _principal(scaled, dimensions, seed)


def _principal(vectors: Sequence[np.ndarray], dimensions: int, seed: int) -> list[np.ndarray]:
    from sklearn.decomposition import PCA

    most = min(dimensions, *vectors[0].shape)
    solver = "randomized" if min(vectors[0].shape) > 500 else "full"
    pca = PCA(most, random_state=seed, svd_solver=solver).fit(vectors[0])
    return [pca.transform(v).astype("float32") for v in vectors]


# -- pictures ----------------------------------------------------------------------------------------------------------


def _embed_pictures(features: Sequence[np.ndarray], dimensions: int, seed: int) -> list[np.ndarray]:
    """From `picture_features`. Oriented gradients and thumbnail have the same total variance each. Columns are not
    scaled one by one: that would blow up the noise of cells that are blank in nearly all pictures until no copy with a
    changed pixel lies near its original."""
    if len({f.shape[1] for f in features}) > 1:
        raise InputError("pictures with other numbers of channels in the data and in the reference cannot be compared")
    parts = []
    for made in ([f[:, :GRADIENTS] for f in features], _thumbnails(features)):
        mean = made[0].mean(axis=0)
        size = max(float(np.sqrt(np.square(made[0] - mean).sum(axis=1).mean())), 1e-12)
        parts.append([(m - mean) / size for m in made])
    return _principal([np.hstack(both) for both in zip(*parts, strict=True)], dimensions, seed)


def _thumbnails(features: Sequence[np.ndarray]) -> list[np.ndarray]:
    """(n, 64) each where every picture is grey, else (n, 64 * channels)."""
    small = [f[:, GRADIENTS:].astype("float64").reshape(len(f), THUMBNAIL**2, -1) for f in features]
    grey = all((s == s[:, :, :1]).all() for s in small)
    return [s[:, :, 0] if grey else s.reshape(len(s), -1) for s in small]


def _backbone_features(data: Dataset, backbone: Backbone, cache: Cache) -> np.ndarray:
    """Features before the last layer of a torchvision classifier, pooled over places. float32 (n, d)."""
    pictured = shown(data)

    def compute(positions: np.ndarray) -> np.ndarray:
        model = _load_backbone(backbone)
        made = []
        for start in range(0, len(positions), BATCH):
            some = positions[start : start + BATCH]
            pictures = coloured(stack(pictured.take(pictured.rows[some]), (BACKBONE_SIDE, BACKBONE_SIDE)))
            made.append(_forward(model, pictures)[: len(some)])
        return np.vstack(made)

    key = {"backbone": backbone.name, "weights": _digest(backbone), "by": [installed("assay"), installed("torch")]}
    return cache.rows("backbone", key, pictured.content.tolist(), compute)


def _forward(model: Any, pictures: np.ndarray) -> np.ndarray:
    """float32 (BATCH, d); where there are fewer pictures, black ones make up the number."""
    import torch

    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])  # ImageNet's
    batch = np.zeros((BATCH, *pictures.shape[1:]), dtype=np.uint8)
    batch[: len(pictures)] = pictures
    with torch.inference_mode():
        x = (torch.from_numpy(batch).float() / 255 - mean) / std
        return np.asarray(model(x.permute(0, 3, 1, 2)).flatten(1).numpy(), dtype="float32")


def _digest(backbone: Backbone) -> str:
    try:
        return array_digest(np.fromfile(backbone.weights, dtype=np.uint8))
    except OSError:  # said when the weights are loaded, after a wrong name
        return ""


def backbones() -> list[str]:
    """The names of torchvision's classifiers."""
    import torchvision

    names: list[str] = torchvision.models.list_models(module=torchvision.models)
    return names


def _load_backbone(backbone: Backbone) -> Any:
    import torch
    import torchvision

    if backbone.name not in backbones():
        raise UnknownName.of("backbone", backbone.name, backbones())
    model = torchvision.models.get_model(backbone.name, weights=None)
    try:
        state = torch.load(backbone.weights, map_location="cpu", weights_only=True)
        model.load_state_dict(state)
    except FileNotFoundError:
        raise InputError(f"{backbone.weights}: no such file") from None
    except (UnpicklingError, EOFError) as broken:  # torch's advice at length is to load it unsafely
        raise InputError(f"{backbone.weights}: not a file of weights that torch.save wrote") from broken
    except (RuntimeError, TypeError, AttributeError) as broken:
        first = " ".join(line.strip() for line in str(broken).splitlines()[:2])[:200]
        raise InputError(f"{backbone.weights}: does not hold the weights of {backbone.name}: {first}") from None
    last = "fc" if hasattr(model, "fc") else "classifier" if hasattr(model, "classifier") else "heads"
    setattr(model, last, torch.nn.Identity())
    return model.eval()


def check_embeddings(values: np.ndarray, rows: int, where: str) -> np.ndarray:
    """The user's own embeddings as float32 (rows, d); InputError names what is wrong and where."""
    array = np.asarray(values)
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise InputError(f"{where}: embeddings must be numbers of shape (rows, d), this is {array.dtype} {array.shape}")
    if len(array) != rows:
        raise InputError(f"{where}: {len(array):,} embeddings for {rows:,} rows")
    array = array.astype("float32")
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if len(bad):
        raise InputError(f"{where}: row {bad[0]} is not finite ({len(bad):,} such rows)")
    return array


def as_frame(values: np.ndarray) -> pd.DataFrame:
    """Embeddings as a table with columns e0, e1, ..."""
    return pd.DataFrame(values, columns=[f"e{i}" for i in range(values.shape[1])])
