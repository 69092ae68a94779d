"""Pictures as values: one row's picture, all of them as one array, and which of them cannot be opened."""

from __future__ import annotations

import io
import warnings
from collections.abc import Hashable, Iterable
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from audit.dataset import Dataset
from audit.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image

MIXED_SIZE = (32, 32)
"""(height, width) of a stack whose pictures differ in size."""
BAND = 256
"""Lines of a picture that are 64-bit at a time."""
GRID_QUANTILE = 0.999
"""Grid cells above this quantile are out of range and clipped: a few absurd values must not darken every picture."""


def picture(data: Dataset, row: Hashable) -> Image:
    """One row's picture. InputError, naming the row, when there is none or it cannot be opened."""
    position = _position(data, row)
    opened = _open(data, position)
    if isinstance(opened, str):
        raise InputError(f"{data.name}: row {row}: {opened}")
    return opened


def _decoded(source: io.BytesIO | Path) -> Image:
    """A picture with its pixels read; of one that breaks off no file is left open."""
    from PIL import Image

    opened = Image.open(source)
    with ExitStack() as undone:
        undone.callback(opened.close)
        opened.load()
        undone.pop_all()
    return opened


def unreadable(data: Dataset) -> dict[Hashable, str]:
    """The rows whose picture cannot be opened, and why; every picture is decoded to its last line."""
    if data.roles.image is None or data.images is not None:
        return {}
    opened = ((row, _open(data, position)) for position, row in enumerate(data.rows))
    return {row: why for row, why in opened if isinstance(why, str)}


def stack(data: Dataset, size: tuple[int, int] | None = None) -> np.ndarray:
    """Every picture in one array: (n, height, width, channels) uint8, channels 1 (all grey) or 3 (RGB).

    `size` is (height, width); without it the pictures' own common size, or `MIXED_SIZE` when they differ. A picture
    that cannot be opened is black: `unreadable` names it.
    """
    if data.images is not None:
        return _resized(data.images, size)
    if data.roles.grid is not None:
        return _resized(_grid(data), size)
    if data.roles.image is None:
        raise InputError(f"{data.name}: no pictures: neither an image column nor an array of images")
    if size is None:
        opened = [_open(data, position) for position in range(len(data))]
        size = _common_size([p for p in opened if not isinstance(p, str)])
        return _in_array(opened, len(data), size)
    return _in_array((_open(data, position) for position in range(len(data))), len(data), size)


def _in_array(opened: Iterable[Image | str], count: int, size: tuple[int, int]) -> np.ndarray:
    """One channel until a coloured picture comes; what cannot be opened is black."""
    out, modes = np.zeros((count, *size, 1), dtype=np.uint8), set()
    for position, one in enumerate(opened):
        if isinstance(one, str):
            continue
        modes.add(mode := "L" if one.mode in ("L", "1") else "RGB")
        out = np.repeat(out, 3, axis=3) if mode == "RGB" and out.shape[3] == 1 else out
        out[position] = _pixels(one, mode, size)
    return out if modes else np.repeat(out, 3, axis=3)


def _position(data: Dataset, row: Hashable) -> int:
    try:
        found = data.rows.get_loc(row)
    except KeyError:
        raise InputError(f"{data.name}: no such row: {row}") from None
    return int(found)  # type: ignore[arg-type]  # the ids are unique, so the place is one number


def _open(data: Dataset, position: int) -> Image | str:
    """The picture at a position, decoded; or, in words, why there is none."""
    from PIL import Image

    if data.images is not None:
        return Image.fromarray(_as_image_array(data.images[position]))
    if data.roles.grid is not None:
        return Image.fromarray(_grid(data, position)[0, :, :, 0])
    if data.roles.image is None:
        return "no picture: neither an image column nor an array of images"
    value = data.table[data.roles.image].iloc[position]
    if not isinstance(value, (str, bytes)):
        return "no picture: the cell is empty"
    source = io.BytesIO(value) if isinstance(value, bytes) else data.origin.folder / value
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of odd metadata; what matters is whether the pixels decode
            opened = _decoded(source)
    except FileNotFoundError:
        return f"no such file: {value!r}"
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as broken:
        return f"not a readable picture: {_briefly(broken)}"
    return opened


def _briefly(broken: BaseException) -> str:
    if isinstance(broken, OSError) and broken.strerror:
        return broken.strerror  # without the path, which may be another on each machine
    # Pillow names the memory address of the buffer it could not identify: no two runs would say the same
    return "unknown or damaged format" if "BytesIO" in str(broken) or "identify" in str(broken) else str(broken)


def _common_size(pictures: list[Image]) -> tuple[int, int]:
    sizes = {(p.height, p.width) for p in pictures}
    return sizes.pop() if len(sizes) == 1 else MIXED_SIZE


def _pixels(one: Image, mode: str, size: tuple[int, int]) -> np.ndarray:
    from PIL import Image

    plain = _flat(one).convert(mode)
    if (plain.height, plain.width) != size:
        plain = plain.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    pixels = np.asarray(plain, dtype=np.uint8)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _flat(one: Image) -> Image:
    """16-bit and floating-point pictures as 8-bit ones; Pillow's own conversion clips them to white."""
    from PIL import Image

    if one.mode not in ("I", "F") and not one.mode.startswith("I;16"):
        return one
    raw = np.asarray(one)
    top = max(float(np.nanmax(raw, initial=0)), 1.0)
    top = 65535.0 if 255 < top <= 65535 else max(top, 255.0)
    out = np.empty(raw.shape, dtype=np.uint8)
    for i in range(0, len(raw), BAND):
        band = np.nan_to_num(raw[i : i + BAND].astype(np.float64))
        out[i : i + BAND] = (band.clip(0, top) / top * 255).astype(np.uint8)
    return Image.fromarray(out)


def _as_image_array(pixels: np.ndarray) -> np.ndarray:
    """(h, w, c) as Pillow takes it: grey without its last axis; more than four channels show their first three."""
    channels = pixels.shape[2]
    return pixels[:, :, 0] if channels in (1, 2) else pixels if channels in (3, 4) else pixels[:, :, :3]


def _grid(data: Dataset, position: int | None = None) -> np.ndarray:
    """The features as grey pictures, (n, h, w, 1) uint8: 0 is black, the robust maximum white, missing black."""
    height, width = data.roles.grid or (0, 0)
    rows = slice(None) if position is None else slice(position, position + 1)
    chosen = data.table.iloc[rows][list(data.roles.features)].to_numpy(dtype="float64", na_value=np.nan)
    top = _white(data)
    grey = np.nan_to_num(chosen).clip(0, max(top, 0.0)) / (top if top > 0 else 1.0) * 255
    pixels: np.ndarray = np.rint(grey).astype(np.uint8).reshape(-1, height, width, 1)
    return pixels


@lru_cache(maxsize=4)  # a page shows many pictures of one or two datasets
def _white(data: Dataset) -> float:
    """The ink that is shown white: the largest but for the few that are far out of range."""
    values = data.features.to_numpy(dtype="float64", na_value=np.nan)
    present = values[~np.isnan(values)]
    return float(np.quantile(present, GRID_QUANTILE)) if len(present) else 0.0


def _resized(images: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    from PIL import Image

    if size is None or images.shape[1:3] == size:
        return images
    mode = "L" if images.shape[3] in (1, 2) else "RGB"
    shown = (Image.fromarray(_as_image_array(one)) for one in images)
    return np.stack([_pixels(one, mode, size) for one in shown])
