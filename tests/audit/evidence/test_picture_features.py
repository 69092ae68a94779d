"""What is made of a picture does not depend on its company, so that it can be kept and used again."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from toy import pictures_of

from audit.dataset import Dataset, Origin, Roles
from audit.errors import InputError
from audit.evidence.backbone import Backbone
from audit.evidence.cache import Cache
from audit.evidence.embeddings import embed
from audit.evidence.gather import Evidence
from audit.evidence.picture_features import GRADIENTS, picture_features


def files_of(folder, n: int = 12) -> Dataset:
    """Pictures in files: grey, coloured and of 16 bits, of different sizes."""
    rng = np.random.default_rng(0)
    for i in range(n):
        side = 20 + i
        pixels = rng.integers(0, 256, (side, side, 3)).astype(np.uint8)
        kinds = (pixels, pixels[:, :, 0], pixels[:, :, 0].astype(np.uint16) * 200)
        Image.fromarray(kinds[i % 3]).save(folder / f"{i}.png")
    table = pd.DataFrame({"picture": [f"{i}.png" for i in range(n)], "label": list("ab") * (n // 2)})
    return Dataset("files", table, Roles(label="label", image="picture"), ("a", "b"), Origin("folder", str(folder)))


def grid_of(n: int = 12) -> Dataset:
    images = pictures_of(n).images.reshape(n, 64).astype("float64")
    table = pd.DataFrame(images).add_prefix("p").assign(label=list("ab") * (n // 2))
    return Dataset("grid", table, Roles("label", features=tuple(table.columns[:-1]), grid=(8, 8)), ("a", "b"))


@pytest.fixture(params=["array", "files", "coloured"])
def pictures(request, tmp_path) -> Dataset:
    if request.param == "files":
        return files_of(tmp_path)
    tiles = pictures_of(300)
    rng = np.random.default_rng(1)
    return tiles if request.param == "array" else replace(tiles, images=rng.integers(0, 256, (300, 9, 9, 3), np.uint8))


@pytest.mark.parametrize("step", [1, 2, 5])
def test_a_picture_s_features_are_the_same_in_any_company(pictures, step):
    whole = picture_features(pictures, Cache())
    some = pictures.rows[::step][:7]
    assert np.array_equal(picture_features(pictures.take(some), Cache()), whole[pictures.rows.get_indexer(some)])
    assert np.array_equal(picture_features(pictures.take(some[:1]), Cache())[0], whole[0])
    assert whole.shape == (len(pictures), GRADIENTS + 192)


def with_another(data: Dataset, position: int) -> Dataset:
    """The same data with one other picture."""
    if data.images is not None:
        images = data.images.copy()
        images[position] = 255 - images[position]
        return replace(data, images=images)
    path = data.origin.folder / data.table["picture"].iloc[position]
    Image.fromarray(255 - np.asarray(Image.open(path).convert("L"))).save(path)
    return replace(data)


def test_where_one_picture_changed_only_it_is_looked_at_and_the_vectors_are_those_without_a_cache(pictures, tmp_path):
    embed(pictures, cache=Cache(tmp_path / "cache"))
    changed, second = with_another(pictures, 4), Cache(tmp_path / "cache")
    (kept,) = embed(changed, cache=second)
    n = len(pictures)
    assert second.reused == [f"pictures: {n - 1:,} of {n:,} rows as they were kept, 1 computed"]
    assert np.array_equal(kept, embed(changed)[0])


def test_the_pictures_of_the_data_serve_the_reference_too(tmp_path):
    tiles, cache = pictures_of(), Cache(tmp_path)
    embed(tiles, tiles.take(tiles.rows[:5]), cache=cache)
    assert cache.reused == ["pictures: 5 of 5 rows as they were kept, 0 computed"]


def test_pictures_made_of_features_are_known_by_what_is_shown(tmp_path):
    """One far larger ink darkens every other picture: none of them is what it was."""
    grid = grid_of()
    embed(grid, cache=Cache(tmp_path))
    darker = replace(grid, table=grid.table.assign(p0=grid.table["p0"].where(grid.rows != 3, 900.0)))
    second = Cache(tmp_path)
    assert np.array_equal(embed(darker, cache=second)[0], embed(darker)[0])
    assert second.reused == []


def test_an_audit_s_evidence_keeps_its_pictures(tmp_path):
    tiles = pictures_of()
    _ = Evidence(tiles, cache=Cache(tmp_path)).embeddings
    fewer = tiles.take(tiles.rows[:-4])
    second = Evidence(fewer, cache=Cache(tmp_path))
    assert np.array_equal(second.embeddings, embed(fewer)[0])
    assert second.cache.reused == [
        "pictures: 36 of 36 rows as they were kept, 0 computed",
        "embeddings: computed anew, what is kept is of other rows or settings",
    ]


def test_pictures_of_other_numbers_of_channels_cannot_be_compared():
    tiles = pictures_of()
    four = replace(tiles, images=np.repeat(np.pad(tiles.images, ((0, 0), (12, 12), (12, 12), (0, 0))), 4, axis=3))
    with pytest.raises(InputError, match="other numbers of channels"):
        embed(four, tiles)


def test_a_backbone_sees_only_pictures_that_are_new_and_says_the_same_of_them_in_any_company(tmp_path):
    import torch
    import torchvision

    torch.manual_seed(0)
    weights = tmp_path / "w.pt"
    torch.save(torchvision.models.get_model("squeezenet1_1", weights=None).state_dict(), weights)
    backbone, tiles = Backbone("squeezenet1_1", weights), pictures_of()
    embed(tiles, backbone=backbone, cache=Cache(tmp_path))
    changed, second = with_another(tiles, 4), Cache(tmp_path)
    (kept,) = embed(changed, backbone=backbone, cache=second)
    assert second.reused == ["backbone: 39 of 40 rows as they were kept, 1 computed"]
    assert np.array_equal(kept, embed(changed, backbone=backbone)[0])
