"""What it takes to tell what more rows would bring."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.train.advice.test_advise import CLEAN, KNOWN, NOISY, PRICES, SIZES, curve, falling, flat, planted
from train.advice.actions import Action
from train.advice.advise import advise, weigh
from train.advice.measured import read_measured
from train.judge.curves import Curve, fit_curve


def collecting(runs: Path, **changed: Any) -> Action:
    measured = replace(read_measured([runs]), **changed)
    return next(a for a in weigh(measured, PRICES).actions if a.kind == "collect")


def test_where_there_are_more_rows_than_a_curve_reaches_nobody_knows_what_collecting_brings(tmp_path):
    found = advise([planted(tmp_path, NOISY, noise=KNOWN, rows=32_000)], PRICES)
    collect = next(a for a in found.actions if a.kind == "collect")

    assert (collect.verdict, collect.gain, found.answer) == ("cannot tell", None, "cannot tell")
    assert "followed to 32,000 rows, 4 times the most compared, and there are 32,000" in collect.why
    assert collect.name in found.rivals
    assert "16000" in collect.command


@pytest.mark.parametrize(
    ("sizes", "classes", "rows"),
    [
        ((2000, 4000, 8000), 4, 8000),
        ((100, 200, 400), 10, 400),
        ((25, 50, 100), 4, 100),
        ((60, 120), 10, 240),
        ((40, 60, 80, 100, 120), 5, 120),
        ((1000, 2000), 4, 8000),
        ((500, 1000, 2000, 4000), 4, 100_000),
    ],
)
def test_after_the_command_that_asks_for_sizes_there_can_be_a_curve_beyond_the_rows(tmp_path, sizes, classes, rows):
    command = collecting(planted(tmp_path, CLEAN, sizes=sizes, rows=rows, classes=classes)).command
    proposed = [int(n) for n in command.partition("--sizes ")[2].split()[0].split(",")]
    drawn = fit_curve(proposed, [falling(n) for n in proposed], [0.001] * len(proposed))

    assert isinstance(drawn, Curve), drawn
    assert drawn.reach[1] > rows
    assert proposed[-1] <= rows
    assert proposed[0] >= 2 * classes


@pytest.mark.parametrize("sizes", [(50, 100), (24, 48, 72, 96, 100)])
def test_where_the_rows_are_too_few_for_any_curve_no_command_is_given_but_how_many_it_takes(tmp_path, sizes):
    runs = planted(tmp_path, CLEAN, sizes=sizes, classes=10)
    collect = collecting(runs)

    assert (collect.verdict, collect.command) == ("cannot tell", "")
    assert "of 10 classes one takes at least 240 rows" in collect.why
    assert advise([runs], PRICES).run == ""


def test_where_sizes_are_enough_for_a_curve_more_seeds_are_asked_for_and_no_more_than_there_can_be(tmp_path):
    refused = [{"variant": "raw", "model": "linear", "refused": "the error does not fall with more rows"}]
    few, most = (collecting(planted(tmp_path / str(s), CLEAN, curves=refused, seeds=s)).command for s in (5, 8))
    none = collecting(planted(tmp_path / "all", {}, curves=refused, seeds=8), seeds=100).command

    assert ("--seeds 10" in few, "--seeds 16" in most, none) == (True, True, "")
    assert "--sizes" not in few


def test_where_no_more_seeds_can_be_had_a_wide_band_asks_for_sizes_between(tmp_path):
    found = {**curve("linear", SIZES, flat), "standard_errors": [0.005] * 5}
    runs = planted(tmp_path, CLEAN, error=flat, curves=[found])

    assert "--seeds 10" in collecting(runs).command
    assert "--sizes 500,707,1000" in collecting(runs, seeds=100).command
