"""Vectors in which examples that look alike lie close together, made without labels and without a network.

tables    skrub's TableVectorizer; missing numbers by their median plus a column that says so; each column to unit
          variance; then at most `DIMENSIONS` principal components
texts     TF-IDF of words and word pairs and of character 3- to 5-grams, truncated SVD
pictures  histograms of oriented gradients (after Dalal and Triggs, CVPR 2005) beside the small grey or coloured
          picture itself, principal components; or a torchvision backbone whose weights file the user names

What is made of each picture by itself (audit/evidence/picture_features.py, a backbone) is kept by the picture's hash.
TF-IDF, SVD, the table's vectors and principal components are fitted to the whole data and made anew whenever it changed:
an embedding fitted to earlier data would depend on what a cache remembers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from audit.dataset import Dataset
from audit.errors import InputError
from audit.evidence.backbone import Backbone, BackboneSpace, backbone_features
from audit.evidence.cache import Cache
from audit.evidence.picture_features import GRADIENTS, THUMBNAIL, features_of, picture_features

DIMENSIONS = 128
Space = Callable[[Dataset], np.ndarray]
"""A space fitted to some rows: the float32 vectors (rows, d) of any rows in it. A text's or a table's line's vector
does not depend on the rows beside it, but for the last bits of principal components, which depend on how many there
are."""


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
    if data.kind == "image":
        everything, cache = (data, *others), cache or Cache()
        if backbone is not None:
            return [backbone_features(d, backbone, cache) for d in everything]
        features = [picture_features(d, cache) for d in everything]
        pictured = _fit_pictures(features[0], dimensions, seed, grey=all(map(_grey, features)))
        return [pictured.project(f) for f in features]
    own, space = fit(data, dimensions=dimensions, seed=seed)
    return [own, *(space(d) for d in others)]


def fit(
    data: Dataset, *, dimensions: int = DIMENSIONS, seed: int = 0, backbone: Backbone | None = None
) -> tuple[np.ndarray, Space]:
    """The rows' vectors, and the space that is fitted to them, for rows that come later.

    A space of pictures that are all grey stays grey: of a coloured one that comes later its mean grey is taken.
    """
    if data.kind == "image":
        if data.roles.grid is not None:
            raise InputError(f"{data.name}: how dark a grid of features is depends on all rows, so none can come later")
        if backbone is not None:
            seen = BackboneSpace.of(backbone)
            return seen(data), seen
        features = features_of(data)
        pictured = _fit_pictures(features, dimensions, seed, grey=_grey(features))
        return pictured.project(features), pictured
    return (_fit_texts if data.kind == "text" else _fit_table)(data, dimensions, seed)


def directions(values: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """float32 (n, d) unit vectors: where each row lies as seen from the centre."""
    lengths = np.maximum(np.linalg.norm(values - centre, axis=1, keepdims=True), 1e-12)
    return np.asarray((values - centre) / lengths, dtype="float32")


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


@dataclass(frozen=True, eq=False)
class TextSpace:
    """Fitted TF-IDF, and the singular vectors of what it made; None where there are too few."""

    vectorizers: Sequence[Any]
    svd: Any | None

    def __call__(self, data: Dataset) -> np.ndarray:
        """float32 (n, d)."""
        return self.project(self.weighted(data))

    def weighted(self, data: Dataset) -> Any:
        """Sparse (n, terms)."""
        from scipy.sparse import hstack

        return hstack([v.transform(data.texts) for v in self.vectorizers]).tocsr()

    def project(self, sparse: Any) -> np.ndarray:
        """float32 (n, d) of what `weighted` made."""
        return np.asarray(sparse.toarray() if self.svd is None else self.svd.transform(sparse), dtype="float32")


def _fit_texts(data: Dataset, dimensions: int, seed: int) -> tuple[np.ndarray, Space]:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")  # noqa: S106  words of one letter too
    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 5), min_df=2, sublinear_tf=True, max_features=50_000
    )
    fitted = [v for v in (words, characters) if _has_vocabulary(v, data.texts)]
    if not fitted:
        raise InputError(f"{data.name}: no text holds a word or a sign to tell it by")
    space = TextSpace(fitted, None)
    sparse = space.weighted(data)
    most = min(dimensions, min(sparse.shape) - 1)
    if most >= 1:
        with np.errstate(divide="ignore", invalid="ignore"):  # texts that are all alike have no variance to explain
            space = TextSpace(fitted, TruncatedSVD(most, random_state=seed, n_iter=4).fit(sparse))
    return space.project(sparse), space


def _has_vocabulary(vectorizer: Any, texts: Sequence[str]) -> bool:
    """Fit the vectorizer to what occurs twice, or at all where nothing does; False where there is nothing."""
    for fewest in (2, 1):
        try:
            vectorizer.set_params(min_df=fewest).fit(texts)
        except ValueError:  # scikit-learn's word for an empty vocabulary
            continue
        return True
    return False


# -- tables ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class TableSpace:
    """A fitted vectorizer, how columns are filled and scaled, and principal components where there are many columns."""

    vectorizer: Any
    holed: np.ndarray
    """Which columns lack a value where this was fitted."""
    middle: np.ndarray
    """What a missing number is filled with."""
    mean: np.ndarray
    scale: np.ndarray
    pca: Any | None = None

    def __call__(self, data: Dataset) -> np.ndarray:
        """float32 (n, d)."""
        with warnings.catch_warnings():
            # skrub and scikit-learn warn of categories that are new here: they are meant to become zeros
            warnings.simplefilter("ignore", UserWarning)
            return self.project(np.asarray(self.vectorizer.transform(_columns(data)), dtype="float64"))

    def project(self, values: np.ndarray) -> np.ndarray:
        """float32 (n, d) of what the vectorizer made."""
        scaled = (_filled(values, self.holed, self.middle) - self.mean) / self.scale
        return np.asarray(scaled if self.pca is None else self.pca.transform(scaled), dtype="float32")


def _fit_table(data: Dataset, dimensions: int, seed: int) -> tuple[np.ndarray, Space]:
    """Columns are scaled to unit variance; the leading principal components are kept where there are more columns than
    `dimensions`."""
    from skrub import StringEncoder, TableVectorizer

    if not data.roles.features:
        raise InputError(f"{data.name}: no feature columns; columns are {list(data.table.columns)}")
    vectorizer = TableVectorizer(high_cardinality=StringEncoder(random_state=seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        values = np.asarray(vectorizer.fit_transform(_columns(data)), dtype="float64")
    if values.shape[1] == 0:
        raise InputError(f"{data.name}: no feature column holds a value")
    holed = np.isnan(values).any(axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # an all-missing column has no median; it becomes 0
        middle = np.nan_to_num(np.nanmedian(values, axis=0))
    filled = _filled(values, holed, middle)
    mean, scale = filled.mean(axis=0), filled.std(axis=0)
    scale[scale < 1e-12] = 1.0
    pca = _components((filled - mean) / scale, dimensions, seed) if filled.shape[1] > dimensions else None
    space = TableSpace(vectorizer, holed, middle, mean, scale, pca)
    return space.project(values), space


def _columns(data: Dataset) -> pd.DataFrame:
    return data.features.reset_index(drop=True)


def _filled(values: np.ndarray, holed: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Missing numbers become the median, and a column beside them says that they were missing."""
    gone = np.isnan(values)
    return np.hstack([np.where(gone, middle, values), gone[:, holed].astype(float)])


def _components(values: np.ndarray, dimensions: int, seed: int) -> Any:
    from sklearn.decomposition import PCA

    most = min(dimensions, *values.shape)
    solver = "randomized" if min(values.shape) > 500 else "full"
    return PCA(most, random_state=seed, svd_solver=solver).fit(values)


# -- pictures ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class PictureSpace:
    """Where the centres of oriented gradients and thumbnails lie, how far from them the pictures do, and principal
    components of both."""

    channels: int
    """Of the pictures that this was fitted to."""
    grey: bool
    """Whether they are all grey: then of a coloured one that comes later its mean grey is taken."""
    means: tuple[np.ndarray, ...]
    sizes: tuple[float, ...]
    pca: Any

    def __call__(self, data: Dataset) -> np.ndarray:
        """float32 (n, d)."""
        return self.project(features_of(data))

    def project(self, features: np.ndarray) -> np.ndarray:
        """float32 (n, d) of what `picture_features` made."""
        return np.asarray(self.pca.transform(self.scaled(features)), dtype="float32")

    def scaled(self, features: np.ndarray) -> np.ndarray:
        """(n, columns), oriented gradients and thumbnails of the same total variance."""
        if features.shape[1] != GRADIENTS + THUMBNAIL**2 * self.channels:
            raise InputError(
                "pictures with other numbers of channels in the data and in the reference cannot be compared"
            )
        parts = zip(_parts(features, grey=self.grey), self.means, self.sizes, strict=True)
        return np.hstack([(made - mean) / size for made, mean, size in parts])


def _fit_pictures(features: np.ndarray, dimensions: int, seed: int, *, grey: bool) -> PictureSpace:
    """From `picture_features`. Oriented gradients and thumbnail have the same total variance each. Columns are not
    scaled one by one: that would blow up the noise of cells that are blank in nearly all pictures until no copy with a
    changed pixel lies near its original."""
    parts = _parts(features, grey=grey)
    means = tuple(p.mean(axis=0) for p in parts)
    sizes = tuple(
        max(float(np.sqrt(np.square(p - m).sum(axis=1).mean())), 1e-12) for p, m in zip(parts, means, strict=True)
    )
    channels = (features.shape[1] - GRADIENTS) // THUMBNAIL**2
    space = PictureSpace(channels, grey, means, sizes, None)
    return replace(space, pca=_components(space.scaled(features), dimensions, seed))


def _parts(features: np.ndarray, *, grey: bool) -> tuple[np.ndarray, np.ndarray]:
    """Oriented gradients, and thumbnails (n, 64) in grey or (n, 64 * channels)."""
    small = _thumbnails(features)
    return features[:, :GRADIENTS], small.mean(axis=2) if grey else small.reshape(len(small), -1)


def _thumbnails(features: np.ndarray) -> np.ndarray:
    """(n, 64, channels)."""
    return features[:, GRADIENTS:].astype("float64").reshape(len(features), THUMBNAIL**2, -1)


def _grey(features: np.ndarray) -> bool:
    """Whether every picture is grey."""
    small = _thumbnails(features)
    return bool((small == small[:, :, :1]).all())


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
