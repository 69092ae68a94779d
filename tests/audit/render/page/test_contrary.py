"""Which cells of a row speak against its label."""

import numpy as np
import pandas as pd
import pytest

from audit.dataset import Dataset, Roles
from audit.render.page.contrary import against
from audit.render.page.examples import Shelf, cell_text, doubted

COLUMNS = ("noise", "height", "shore", "name")


def trees(**cells: object) -> Dataset:
    """40 ashes of height 10 inland and 40 birches of height 30 at the shore; the last row is as told."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "noise": rng.normal(size=81),
            "height": np.r_[rng.normal(10, 1, 40), rng.normal(30, 1, 40), 0],
            "shore": ["no"] * 36 + ["yes"] * 4 + ["yes"] * 36 + ["no"] * 5,
            "name": [f"tree {k}" for k in range(81)],
            "kind": ["ash"] * 40 + ["birch"] * 40 + ["ash"],
        }
    )
    table = table.astype({"height": object, "noise": object})
    for column, value in {"noise": 0.0, **cells}.items():
        table.loc[80, column] = value
    table = table.astype({"height": float, "noise": float})
    return Dataset("trees", table, Roles(label="kind", features=COLUMNS), ("ash", "birch"))


def test_the_cell_that_fits_the_other_class_best_comes_first_and_noise_does_not_come():
    found = against(trees(height=30.5, shore="yes"), 80, "ash", "birch")
    assert [x.column for x in found] == ["height", "shore"]
    assert found[0].usual == "given 10.1351, looks like 29.9873"
    assert found[1].usual == "given 10.0\u202f%, looks like 90.0\u202f%"


def test_a_cell_that_fits_the_given_class_does_not_speak_against_it():
    assert [x.column for x in against(trees(height=10, shore="yes"), 80, "ash", "birch")] == ["shore"]


def test_the_row_itself_does_not_vouch_for_its_label():
    data = trees(height=10, shore="nowhere else")
    assert against(data, 80, "ash", "birch") == ()


def test_a_missing_cell_speaks_by_how_often_it_is_missing():
    data = trees(height=np.nan)
    data.table.loc[40:60, "height"] = np.nan
    first = against(data, 80, "ash", "birch")[0]
    assert (first.column, first.usual) == ("height", "given 0\u202f%, looks like 52.5\u202f%")


def test_classes_that_are_not_there_say_nothing():
    assert against(trees(), 80, "ash", "oak") == ()
    assert against(trees(), 80, "ash", "ash") == ()


@pytest.mark.parametrize(("usual", "value"), [(2009, 2011), (1290000.0, 8250000.5), (1234567.5, 2), (0.00012345678, 7)])
def test_a_number_and_what_is_usual_are_written_alike(usual, value):
    table = pd.DataFrame({"x": [usual] * 6 + [value] * 7, "s": "a", "kind": ["ash"] * 6 + ["birch"] * 6 + ["ash"]})
    data = Dataset("d", table.rename_axis(index="row"), Roles(label="kind", features=("x", "s")), ("ash", "birch"))
    shown = {c.name: c for c in doubted(Shelf.of(data), 12, "ash", "birch").cells}["x"]
    assert shown.aside.endswith(f"looks like {shown.value}")
    assert cell_text(float(usual)) == shown.aside.split()[1].rstrip(",")
    assert "e+" not in shown.aside


def test_a_card_shows_the_label_first_then_what_speaks_against_it():
    data = trees(height=30.5, shore="yes")
    shown = doubted(Shelf.of(data), 80, "ash", "birch")
    assert [(c.name, c.value) for c in shown.cells][:3] == [("kind", "ash"), ("height", "30.5"), ("shore", "yes")]
    assert [bool(c.aside) for c in shown.cells] == [False, True, True, False, False]
