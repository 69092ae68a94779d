"""A folder of pictures with a folder for each class."""

import pytest
from PIL import Image

from audit.errors import InputError
from audit.sources import load


def picture(path, value=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3), (value, 0, 0)).save(path)


@pytest.fixture
def pets(tmp_path):
    for name in ("cat/1.png", "cat/10.jpg", "dog/1.png", "dog/old/2.PNG"):
        picture(tmp_path / "pets" / name)
    return tmp_path / "pets"


def test_the_label_is_the_folder_and_the_id_the_path(pets):
    data = load(pets)

    assert data.given.to_dict() == {"cat/1.png": "cat", "cat/10.jpg": "cat", "dog/1.png": "dog", "dog/old/2.PNG": "dog"}
    assert data.kind == "image"


def test_hidden_files_and_files_that_are_no_pictures_are_no_rows(pets):
    (pets / "cat" / "notes.txt").write_text("x")
    (pets / ".cache").mkdir()
    picture(pets / ".cache" / "1.png")
    picture(pets / "cat" / ".hidden.png")

    assert len(load(pets)) == 4


def test_a_corrupt_picture_is_a_row_like_any_other(pets):
    (pets / "cat" / "1.png").write_bytes(b"no picture")

    assert len(load(pets)) == 4


def test_a_class_without_pictures_is_said(pets):
    (pets / "owl").mkdir()

    assert load(pets).inferred == ("folders without pictures are no classes: owl",)


def test_a_folder_without_pictures_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no pictures"):
        load(tmp_path)


def test_one_class_is_an_error(tmp_path):
    picture(tmp_path / "cat" / "1.png")

    with pytest.raises(InputError, match="one class, 'cat', in its only row"):
        load(tmp_path)


def test_pictures_outside_every_class_are_an_error(pets):
    picture(pets / "stray.png")

    with pytest.raises(InputError, match=r"pictures in no class's folder: stray.png"):
        load(pets)


def test_splits_are_not_taken_for_classes(tmp_path):
    picture(tmp_path / "train" / "cat" / "1.png")
    picture(tmp_path / "test" / "cat" / "1.png")

    with pytest.raises(InputError, match="holds the splits test, train; load one of them"):
        load(tmp_path)


def test_the_pictures_bytes_are_part_of_the_fingerprint(pets):
    before = load(pets).fingerprint
    picture(pets / "cat" / "1.png", value=9)

    assert load(pets).fingerprint != before
