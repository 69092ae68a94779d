"""Pictures: one, all of them, and those that cannot be opened."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.dataset import Dataset, Roles
from audit.errors import InputError
from audit.evidence.pictures import picture, stack, unreadable
from audit.sources import load


def png(mode="RGB", size=(5, 4), value=0):
    buffer = io.BytesIO()
    Image.new(mode, size, value).save(buffer, "PNG")
    return buffer.getvalue()


def pictures(*cells):
    table = pd.DataFrame({"image": list(cells), "label": ["a", "b"] * (len(cells) // 2) + ["a"] * (len(cells) % 2)})
    return Dataset("pics", table, Roles(label="label", image="image"), ("a", "b"))


def grid(values, shape):
    names = tuple(f"p{i}" for i in range(shape[0] * shape[1]))
    table = pd.DataFrame(np.asarray(values, dtype=float).reshape(-1, len(names)), columns=list(names))
    table["label"] = ["a", "b"] * (len(table) // 2)
    return Dataset("grid", table, Roles(label="label", features=names, grid=shape), ("a", "b"))


def test_pictures_of_one_size_are_stacked_at_that_size():
    assert stack(pictures(png(), png(value=(255, 0, 0)))).shape == (2, 4, 5, 3)


def test_pictures_of_several_sizes_are_stacked_at_32_by_32():
    assert stack(pictures(png(), png(size=(9, 9)))).shape == (2, 32, 32, 3)


def test_size_is_height_and_width():
    assert stack(pictures(png(), png()), size=(6, 7)).shape == (2, 6, 7, 3)


def test_grey_pictures_have_one_channel_and_one_colour_picture_gives_all_three():
    assert stack(pictures(png("L"), png("L"))).shape[3] == 1
    assert stack(pictures(png("L"), png("RGB"))).shape[3] == 3


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_every_mode_of_png_can_be_stacked(mode):
    assert stack(pictures(png(mode), png("RGB"))).dtype == np.uint8


def test_sixteen_bit_grey_is_scaled_and_not_cut_off():
    half = stack(pictures(png("I;16", value=32768), png("RGB")))[0]

    assert half.min() == half.max() == 127


def test_pixels_come_out_as_they_went_in():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    buffers = [io.BytesIO(), io.BytesIO()]
    for one, buffer in zip(pixels, buffers, strict=True):
        Image.fromarray(one).save(buffer, "PNG")

    np.testing.assert_array_equal(stack(pictures(*(b.getvalue() for b in buffers))), pixels)


def test_unreadable_pictures_are_named_with_the_reason_and_are_black():
    whole = png(size=(60, 60), value=(9, 9, 9))
    data = pictures(whole, b"no picture", whole[:-60], None, "gone.png")

    assert unreadable(data) == {
        1: "not a readable picture: unknown or damaged format",
        2: unreadable(data)[2],
        3: "no picture: the cell is empty",
        4: "no such file: 'gone.png'",
    }
    assert unreadable(data)[2].startswith("not a readable picture")
    assert stack(data)[1:].max() == 0
    assert stack(data)[0].min() == 9


def test_a_picture_that_cannot_be_opened_is_an_error_that_names_its_row():
    with pytest.raises(InputError, match="pics: row 1: not a readable picture"):
        picture(pictures(png(), b"no picture"), 1)


def test_a_row_that_is_not_there_is_an_error():
    with pytest.raises(InputError, match="pics: no such row: 7"):
        picture(pictures(png(), png()), 7)


def test_data_without_pictures_has_none_to_stack_and_none_unreadable():
    data = load(pd.DataFrame({"a": [1, 2], "label": ["u", "v"]}))

    assert unreadable(data) == {}
    with pytest.raises(InputError, match="no pictures"):
        stack(data)


def test_paths_are_relative_to_the_table_s_folder(tmp_path):
    Image.new("RGB", (5, 4), (7, 0, 0)).save(tmp_path / "a.png")
    (tmp_path / "d.csv").write_text("path,label\na.png,u\na.png,v\n")

    assert picture(load(tmp_path / "d.csv"), 0).getpixel((0, 0)) == (7, 0, 0)


def test_an_array_of_pictures_is_handed_on_and_shown():
    data = load((np.full((2, 4, 5, 1), 9, np.uint8), [0, 1]))

    assert stack(data).shape == (2, 4, 5, 1)
    assert stack(data, (8, 8)).shape == (2, 8, 8, 1)
    assert picture(data, 1).size == (5, 4)
    assert unreadable(data) == {}


def test_a_grid_is_scaled_from_nothing_to_its_robust_maximum():
    values = np.tile(np.linspace(0, 16, 4), (1000, 1))
    values[0] = [99, -7, np.nan, 16]

    out = stack(grid(values, (2, 2)))

    assert out.shape == (1000, 2, 2, 1)
    assert out[1].ravel().tolist() == [0, 85, 170, 255]
    assert out[0].ravel().tolist() == [255, 0, 0, 255]


def test_one_picture_of_a_grid_is_as_it_is_in_the_stack():
    data = load("digits")
    row = data.rows[5]

    np.testing.assert_array_equal(np.asarray(picture(data, row)), stack(data)[5, :, :, 0])


def test_a_grid_of_nothing_is_black():
    assert stack(grid([[0, 0], [np.nan, 0]], (1, 2))).max() == 0
