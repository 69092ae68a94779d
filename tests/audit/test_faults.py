"""Known faults: each is what it says it is, and the gate's answer to each is told as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from toy import CLASSES, blobs, pictures_of, sentences, table_of, texts_of

from audit import audit, gate
from audit.cli import run
from audit.errors import InputError, UnknownName
from audit.evidence.cache import Cache
from audit.faults import FAULTS, selftest
from audit.faults.inject import Injected
from audit.render.selftest import selftest_terminal
from audit.suite import Limit, Suite, parse_suite

FIT = Suite(
    "fit",
    limits=tuple(
        Limit(m, most)
        for m, most in {
            "labels.rate": 0.05,
            "conflicts.count": 0,
            "duplicates.exact.count": 0,
            "missing.count": 0,
        }.items()
    ),
)


@pytest.fixture(scope="module")
def trees():
    values, labels = blobs(180)
    return table_of(values, np.array(CLASSES)[labels], classes=CLASSES)


@pytest.fixture(scope="module")
def held_out():
    values, labels = blobs(60, seed=8)
    return table_of(values, np.array(CLASSES)[labels], classes=CLASSES)


@pytest.fixture(scope="module")
def found(trees, held_out):
    """A self-test of a suite that says nothing of columns, classes and leaks."""
    return selftest(trees, FIT, reference=held_out)


def by_name(found):
    return {t.fault: t for t in found.tested}


def injected(name, data, dose, reference=None, seed=0):
    return FAULTS[name].inject(data, reference, dose, np.random.default_rng(seed))


def test_flips_touch_as_many_labels_as_they_say_and_nothing_else(trees):
    made = injected("flips", trees, 0.1)

    assert made.rows == 18 == (made.data.given != trees.given).sum()
    pd.testing.assert_frame_equal(made.data.features, trees.features)


def test_a_larger_dose_holds_the_smaller_one(trees):
    small, large = (injected("flips", trees, dose).data.given != trees.given for dose in (0.05, 0.2))

    assert set(trees.rows[small]) < set(trees.rows[large])


def test_shuffled_labels_are_the_same_labels(trees):
    made = injected("shuffled", trees, 1.0).data

    assert sorted(made.given) == sorted(trees.given)
    assert (made.given != trees.given).mean() > 0.5


def test_conflicts_are_copies_under_another_label(trees):
    made = injected("conflicts", trees, 0.1).data
    copies = made.table.iloc[180:]
    originals = made.table.iloc[:180].merge(copies, on=["x0", "x1", "x2", "x3"])

    assert len(originals) == 18
    assert (originals["label_x"] != originals["label_y"]).all()


def test_copies_of_pictures_come_with_their_pixels():
    tiles = pictures_of()
    made = injected("duplicates", tiles, 0.1).data

    assert len(made) == len(made.images) == 44
    assert set(made.content[40:]) <= set(tiles.content)


def test_leaked_rows_are_the_reference_s(trees, held_out):
    made = injected("leaked", trees, 0.1, held_out)

    assert made.rows == 6
    assert set(made.data.content[180:]) <= set(held_out.content)


def test_a_unit_is_a_factor_of_a_thousand_in_one_column(trees):
    made = injected("unit", trees, 1.0)
    column = made.where.removeprefix("column ")

    np.testing.assert_allclose(made.data.table[column], trees.table[column] * 1000)
    assert (made.data.features.drop(columns=column) == trees.features.drop(columns=column)).all(axis=None)


def test_swapped_columns_hold_one_another_s_values(trees):
    made = injected("swapped", trees, 1.0)
    one, other = made.where.removeprefix("columns ").split(", ")

    assert made.data.table[one].tolist() == trees.table[other].tolist()
    assert made.data.table[other].tolist() == trees.table[one].tolist()


def test_a_wrong_encoding_changes_texts_with_and_without_accents():
    notes = texts_of(["café au lait", "plain tea", "more tea", "x"], ["a", "b", "a", "b"])
    made = injected("encoding", notes, 1.0).data

    assert made.texts[0] == "cafÃ© au lait"
    assert made.texts[1].encode("latin-1").decode("utf-16-le") == "plain tea"


def test_nulls_are_in_one_column(trees):
    made = injected("nulls", trees, 0.1)

    assert made.data.table[made.where.removeprefix("column ")].isna().sum() == 18 == made.data.table.isna().sum().sum()


def test_a_class_that_was_dropped_is_no_class_any_more(trees):
    made = injected("dropped", trees, 1.0)

    assert made.where.removeprefix("class ") not in made.data.classes
    assert len(made.data.classes) == 2
    assert len(made.data) == 120


def test_no_fault_edits_the_data_it_is_given(trees, held_out):
    before = trees.fingerprint
    for name, fault in FAULTS.items():
        if not fault.needs(trees, held_out):
            injected(name, trees, fault.doses[-1], held_out)

    assert type(trees)(**{f: getattr(trees, f) for f in trees.__dataclass_fields__}).fingerprint == before


def test_what_a_limit_forbids_is_stopped_and_by_it(found):
    tested = by_name(found)

    for fault, measure in (("conflicts", "conflicts.count"), ("duplicates", "duplicates.exact.count"), ("nulls", "missing.count")):  # fmt: skip
        assert tested[fault].smallest == 0.001
        assert tested[fault].slips == ()
        assert tested[fault].trials[0].by == (measure,)
    assert tested["flips"].smallest == 0.1
    assert tested["flips"].slips == (0.01, 0.02, 0.05)


def test_what_no_limit_forbids_slips_through_and_is_said_to(found):
    tested = by_name(found)

    assert tested["leaked"].smallest is None
    assert 'limit "leakage.exact.count" below 6' in tested["leaked"].remedy
    assert "expect_column_values_to_be_between" in tested["swapped"].remedy
    assert found.exit_code == 1


def test_what_cannot_be_tried_says_why(found):
    assert by_name(found)["encoding"].why_not == "there are no texts"


def test_the_remedy_for_flips_stops_them(trees, found):
    remedy = by_name(found)["flips"].remedy
    strict = Suite("strict", limits=(Limit("labels.rate", float(remedy.split("below ")[1].split(";")[0]) - 0.001),))

    assert not gate(audit(injected("flips", trees, 0.05, seed=[0, 0]).data, suite=strict), strict).passed


def test_a_gate_that_stops_all_ends_with_0(trees, held_out):
    suite = parse_suite({"limits": {x.measure: x.max for x in FIT.limits} | {"leakage.exact.count": 0}}, name="s")
    done = selftest(trees, suite, reference=held_out, faults=["flips", "leaked", "conflicts"])

    assert done.exit_code == 0
    assert [t.fault for t in done.tested] == ["flips", "conflicts", "leaked"]


def test_stages_answer_as_one_audit_of_all_checks_does(trees, found):
    for trial in by_name(found)["shuffled"].trials:
        data = injected("shuffled", trees, trial.dose, seed=[0, 1]).data

        assert gate(audit(data, suite=FIT), FIT).exit_code == trial.exit_code


def test_data_that_does_not_pass_as_it_is_is_refused(trees):
    with pytest.raises(InputError, match=r"does not pass suite fit as it is \(labels.rate\).*baseline"):
        selftest(injected("flips", trees, 0.2).data, FIT)


def test_an_unknown_fault_is_named(trees):
    with pytest.raises(UnknownName, match="did you mean 'flips'"):
        selftest(trees, FIT, faults=["flip"])


def test_one_seed_one_result(trees, held_out):
    one, other = (selftest(trees, FIT, faults=["unit", "nulls"], seed=4).to_dict() for _ in range(2))

    assert one == other


def test_the_terminal_says_what_slips_through_and_what_would_stop_it(found):
    lines = selftest_terminal(found).splitlines()

    assert "flips       10 %      1, 2, 5 %         labels.rate" in lines
    assert any(line.startswith("leaked      never     0.1, 1, 10 %      nothing") for line in lines)
    assert lines[-1].startswith("FAIL: suite fit stops 5 of 9 faults in trees at their largest dose; not leaked, unit")


def test_where_no_fault_could_be_tried_nothing_was_proved(trees, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    trees.table.to_csv("trees.csv", index=False)
    Path("s.toml").write_text('[limits]\n"missing.count" = 0\n')

    assert run(["selftest", "trees.csv", "--label", "label", "--suite", "s.toml", "--faults", "leaked"]) == 3
    assert capsys.readouterr().out.splitlines()[-1] == "UNDECIDED: suite s: no fault could be tried in trees.csv"


def test_texts_are_tried_in_a_wrong_encoding():
    notes = texts_of(*sentences())
    rule = {"type": "expect_column_values_to_not_match_regex", "column": "text", "regex": "\x00"}
    suite = parse_suite({"expectations": [rule]}, name="s")

    assert selftest(notes, suite, faults=["encoding"]).tested[0].smallest == 0.01


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (lambda d: None, "no reference was given"),
        (lambda d: replace(d, images=d.images[:, :4]), "pictures are of another size"),
        (lambda d: replace(d, roles=replace(d.roles, label=None)), "only one of data and reference has a label"),
    ],
)
def test_a_reference_whose_rows_do_not_fit_is_not_leaked(other, why):
    tiles = pictures_of()

    assert why in FAULTS["leaked"].needs(tiles, other(tiles))


def test_leaked_pictures_come_with_their_labels():
    tiles, held_out = pictures_of(), pictures_of(20, seed=9)
    made = injected("leaked", tiles, 1.0, held_out).data
    known = dict(zip(held_out.content, held_out.given, strict=True))

    assert [known[c] for c in made.content[40:]] == made.given[40:].tolist()


def test_data_that_could_not_even_be_read_counts_as_stopped(trees, monkeypatch):
    def emptied(data, _, dose, rng):
        return Injected(data.drop(data.rows), len(data))

    monkeypatch.setitem(FAULTS, "unit", replace(FAULTS["unit"], inject=emptied))
    tested = selftest(trees, FIT, faults=["unit"]).tested[0]

    assert tested.caught
    assert tested.trials[0].exit_code == 2
    assert "no rows" in tested.trials[0].by[0]


def test_copies_leave_nothing_in_the_cache(trees, tmp_path):
    selftest(trees, FIT, faults=["nulls"], cache=Cache(tmp_path))
    alone = {p.name for p in tmp_path.glob("*.npz")}
    selftest(trees, FIT, faults=["flips"], cache=Cache(tmp_path))

    assert {p.name for p in tmp_path.glob("*.npz")} == alone
