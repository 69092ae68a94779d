"""A grid is filled cell by cell: what is there stays, what fails is said, and the others go on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audit.commands.options import pace
from audit.errors import InputError
from tests.train.grids import FAST, PRUNED, RAW, breaking, own, small, values, wrong
from train.fit.recipe import Recipe
from train.grid.grid import fill
from train.grid.ledger import Ledger
from train.grid.schedule import LARGEST, Schedule
from train.grid.tasks import Draw, Drawn, Ended, Started, Training, attempt


def told():
    """A progress that remembers, and what it remembers."""
    seen = []
    return (lambda *said: seen.append(said)), seen


def scheduled(grid, lanes=1):
    """All pieces of a grid's work, done here one after another, with what was fed before each."""
    keys = {c: str(i) for i, c in enumerate(grid.cells())}
    work, ledger, pieces = Schedule(grid.setting(), keys), Ledger(), []
    list(work.take(Started(lanes, "")))
    while (task := work.feed()) is not None:
        pieces.append(task)
        for event in attempt(work.setting, ledger, task):
            list(work.take(event))
    return pieces


def test_each_draw_is_audited_once_for_all_its_variants_and_models():
    grid = small(recipes={**FAST, "mlp": Recipe("mlp", width=8, epochs=1, fewest_steps=2)})
    pieces = scheduled(grid)
    draws = [p for p in pieces if isinstance(p, Draw)]

    assert sorted((d.seed, d.size) for d in draws) == [(0, 60), (0, 120), (1, 60), (1, 120)]
    assert {d.variants for d in draws} == {("raw", "pruned")}
    assert [len(p.keys) for p in pieces if isinstance(p, Training)] == [4, 4, 4, 4]


def test_a_seed_trains_before_the_next_is_audited():
    kinds = [type(p).__name__ for p in scheduled(small())]

    assert kinds == ["Draw", "Draw", "Training"] * 2


def test_only_missing_cells_are_audited_and_trained():
    grid = small(seeds=1)
    keys = {c: str(i) for i, c in enumerate(grid.cells()) if (c.variant, c.size) == ("pruned", 120)}
    work = Schedule(grid.setting(), keys)

    assert work.feed() == Draw(0, 120, ("pruned",))
    assert work.feed() is None


def test_cells_that_cannot_train_side_by_side_are_pieces_of_their_own():
    grid = small(seeds=1, recipes={"boosting": Recipe("boosting")})
    pieces = Schedule(grid.setting(), dict.fromkeys(grid.cells(), ""))

    assert pieces._parts(6, "boosting") == 6


def test_a_piece_is_never_so_large_that_a_kill_loses_much():
    grid = small()

    assert Schedule(grid.setting(), dict.fromkeys(grid.cells(), ""))._parts(3 * LARGEST, "linear") == 3


def test_a_group_is_cut_for_idle_lanes_only_where_its_parts_are_work_enough():
    grid = small(seeds=1, recipes={"linear": Recipe("linear"), "mlp": Recipe("mlp", width=512)})
    keys = dict.fromkeys(grid.cells(), "")
    alone, among = Schedule(grid.setting(), keys), Schedule(grid.setting(), keys)
    list(among.take(Started(8, "")))

    assert [alone._parts(10, m) for m in grid.recipes] == [1, 1]
    assert [among._parts(10, m) for m in grid.recipes] == [1, 4]


def test_pieces_of_a_cut_group_hold_each_cell_once():
    grid = small(seeds=1, recipes={"mlp": Recipe("mlp", width=256, epochs=1, fewest_steps=1, batch=60)})
    pieces = [p for p in scheduled(grid, lanes=2) if isinstance(p, Training)]

    assert len(pieces) == 2
    assert sorted(c.size for p in pieces for c in p.keys) == [60, 60, 120, 120]


def test_a_cell_whose_training_breaks_has_failed_and_the_others_are_as_without_it():
    filled = fill(small((RAW, own("breaking", breaking)), seeds=1), Ledger())
    alone = fill(small((RAW,), seeds=1), Ledger())
    why = {c.variant: r.failed for c, r in filled.results.items()}

    assert why == {"raw": "", "breaking": "RuntimeError: expected m1 and m2 to be equal (2 times)"}
    assert {c: v for c, v in values(filled).items() if c.variant == "raw"} == values(alone)
    assert filled.trained == 2
    assert any("one by one" in note for note in filled.notes)


def test_what_broke_is_tried_again_by_the_next_run(tmp_path):
    fill(small((own("later", breaking),), sizes=(60,), seeds=1), Ledger(tmp_path))
    mended = fill(small((own("later", None),), sizes=(60,), seeds=1), Ledger(tmp_path))

    assert [r.failed for r in mended.results.values()] == [""]


def test_a_fault_in_the_program_is_not_taken_for_a_failed_training():
    with pytest.raises(TypeError, match="no such thing"):
        fill(small((own("wrong", wrong),), sizes=(60,), seeds=1), Ledger())


def test_what_the_user_must_mend_is_said(tmp_path):
    ledger = Ledger(tmp_path)
    with pytest.raises(InputError, match="draw larger sizes"):
        fill(small((RAW,), sizes=(4,), seeds=1), ledger)

    assert not (tmp_path / "cells").exists()


def test_a_variant_that_leaves_no_row_has_failed_and_stays_so(tmp_path):
    nothing = replace(RAW, name="nothing", treat=_drop_all)
    first = fill(small((RAW, nothing), sizes=(60,), seeds=1), Ledger(tmp_path))
    again = fill(small((RAW, nothing), sizes=(60,), seeds=1), Ledger(tmp_path))

    assert [r.failed for r in first.results.values()] == ["", "no row was left to train on"]
    assert again.trained == 0
    assert values(again) == values(first)


def _drop_all(data, report, seed):
    from audit.patch import make_patch

    lines = [{"row": r, "action": "drop", "reason": "all", "check": "mine"} for r in data.rows]
    return make_patch(lines, base=data.fingerprint, treatment="mine")


def test_the_planner_says_each_choice_once():
    choices = fill(small(seeds=3), Ledger()).choices

    assert choices
    assert all(c.startswith("linear: ") for c in choices)
    assert len(choices) < 3
    assert any("alike" in c for c in choices)


def test_progress_goes_from_what_was_there_to_all_of_it(tmp_path):
    grid = small()
    fill(small(seeds=1), Ledger(tmp_path))
    progress, seen = told()
    fill(grid, Ledger(tmp_path), progress)
    models = [done for what, done, total in seen if what == "models"]

    assert models == [4, 5, 6, 7, 8]
    assert [(done, total) for what, done, total in seen if what == "audits"] == [(1, 2), (2, 2)]


def test_results_are_in_the_grids_order_however_they_came(tmp_path):
    grid = small()
    fill(small((PRUNED,), sizes=(120,), seeds=2), Ledger(tmp_path))

    assert list(fill(grid, Ledger(tmp_path)).results) == list(grid.cells())


def test_an_equal_budget_of_steps_counts_the_rows_drawn_not_those_left():
    drops = replace(RAW, name="half", treat=_drop_half)
    recipe = Recipe("linear", epochs=4, fewest_steps=1, batch=10)
    for budget, steps in (("epochs", {"raw": 24, "half": 12}), ("steps", {"raw": 24, "half": 24})):
        grid = small((RAW, drops), sizes=(60,), seeds=1, recipes={"linear": replace(recipe, budget=budget)})
        filled = fill(grid, Ledger())

        assert {c.variant: r.record["steps"] for c, r in filled.results.items()} == steps


def _drop_half(data, report, seed):
    from audit.patch import make_patch

    lines = [{"row": r, "action": "drop", "reason": "every other", "check": "mine"} for r in data.rows[::2]]
    return make_patch(lines, base=data.fingerprint, treatment="mine")


def test_events_of_a_draw_carry_what_each_variant_trains_on():
    setting = small().setting()
    drawn, ended = attempt(setting, Ledger(), Draw(0, 60, ("raw", "pruned")))

    assert isinstance(drawn, Drawn)
    assert isinstance(ended, Ended)
    assert len(drawn.rows["raw"].positions) == 60
    assert len(drawn.rows["pruned"].positions) < 60
    assert np.isin(drawn.rows["pruned"].positions, drawn.rows["raw"].positions).all()


@pytest.mark.parametrize(
    ("done", "seconds", "left", "said"),
    [
        (0, 5.0, 100, ""),
        (10, 5.0, 100, "2.0 a second, 0:50 left"),
        (2, 25.0, 12, "12.5 s each, 2:30 left"),
        (1, 60.0, 90, "60.0 s each, 1:30:00 left"),
        (4, 2.0, 0, "2.0 a second, 0:00 left"),
    ],
)
def test_the_pace_counts_only_what_was_done_now(done, seconds, left, said):
    assert pace(done, seconds, left) == said
