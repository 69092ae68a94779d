"""An audit reports what broke as broken, repeats itself exactly, and takes over only what still holds."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from toy import assert_same_issues, blobs, noisy_probabilities, pictures_of, planted, table_of, texts_of

from audit.checks import CHECKS
from audit.dataset import Dataset, Roles
from audit.errors import InputError, NotApplicable, UnknownName
from audit.evidence.given import Given
from audit.probabilities import Probabilities
from audit.report import Issues, Report
from audit.run import audit
from audit.suite import Expectation, Limit, Suite
from audit.verdict import gate

NONE = Suite("none")
LIGHT = ("labels", "conflicts", "duplicates", "outliers", "imbalance", "missing")


def checked(data, checks=LIGHT, suite=NONE, **more) -> Report:
    return audit(data, checks=checks, suite=suite, **more)


def broken(evidence) -> Issues:
    return Issues("broken", measures={"count": 1 / (len(evidence.data) - len(evidence.data))})


def absent(evidence) -> Issues:
    raise NotApplicable("nothing to see")


def odd(evidence, *, most: int = 3) -> Issues:
    return Issues("any name", measures={"count": most})


def nameless(evidence) -> None:
    """A check that forgot to return."""


def no_number(evidence) -> Issues:
    return Issues("no_number", measures={"rate": float("nan")})


# -- what breaks


def test_a_check_that_raises_has_status_error_and_the_gate_says_error(clean):
    report = checked(clean, [broken, "imbalance"])
    assert report["broken"].status == "error"
    assert report["broken"].why.startswith("ZeroDivisionError: ")
    assert "test_run.py line " in report["broken"].why
    assert len(report["broken"].scores) == 0
    assert report["imbalance"].status == "ran"
    verdict = gate(report, Suite("s", limits=(Limit("imbalance.ratio", 100),)))
    assert (verdict.outcome, verdict.exit_code) == ("ERROR", 3)


def unwritable(evidence) -> Issues:
    return Issues("unwritable", detail={"threshold": float("inf")})


@pytest.mark.parametrize("check", [nameless, no_number, unwritable])
def test_a_check_that_returns_nonsense_has_status_error(clean, check):
    (issues,) = checked(clean, [check])
    assert issues.status == "error"
    assert issues.measures == {}


def test_a_measure_that_is_no_number_is_named_and_the_report_can_be_written(clean, tmp_path):
    report = checked(clean, [no_number])
    assert "measure 'rate' is nan" in report["no_number"].why
    report.write(tmp_path)
    assert Report.read(tmp_path)["no_number"].status == "error"


def test_ctrl_c_is_not_a_broken_check(clean):
    def interrupted(evidence):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        checked(clean, [interrupted])


def test_a_check_that_does_not_apply_says_why(clean):
    (issues,) = checked(clean, [absent])
    assert (issues.status, issues.why) == ("not_applicable", "nothing to see")


def test_a_label_that_nothing_can_be_learnt_of_breaks_the_labels_check_only():
    values, labels = blobs(60)
    report = checked(table_of(values, [*labels[:-1].astype(str), "9"]))
    assert [i.check for i in report.errors] == ["labels"]
    assert "class '9' has 1 row" in report["labels"].why


# -- what is asked


def test_checks_run_in_the_order_asked_and_all_of_them_by_default(clean):
    assert [i.check for i in checked(clean, ["missing", "imbalance"])] == ["missing", "imbalance"]
    assert list(CHECKS) == [
        "schema",
        "labels",
        "conflicts",
        "duplicates",
        "outliers",
        "leakage",
        "imbalance",
        "missing",
        "non_iid",
        "valuation",
    ]


def test_an_unknown_check_is_named(clean):
    with pytest.raises(UnknownName, match=r"no check 'lables'; .*did you mean 'labels'"):
        checked(clean, ["lables"])


def test_no_checks_are_no_audit(clean):
    with pytest.raises(InputError, match="no checks were asked for"):
        checked(clean, [])


def test_two_checks_of_one_name_are_refused_since_one_would_not_run(clean):
    def imbalance(evidence):
        return Issues("imbalance")

    with pytest.raises(InputError, match="two checks are called 'imbalance'"):
        checked(clean, ["imbalance", imbalance])
    assert len(checked(clean, ["imbalance", "imbalance"]).checks) == 1


def test_options_reach_the_check(clean):
    report = checked(clean, [odd], Suite("s", options={"odd": {"most": 7}}))
    assert report.measures == {"odd.count": 7}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"labels": {"filterby": "both"}}, "checks.labels: no option 'filterby'; .*did you mean 'filter_by'"),
        ({"label": {}}, "suite s: no check 'label'; .*did you mean 'labels'"),
        ({"odd": {"evidence": 1}}, "no option 'evidence'"),
    ],
)
def test_an_unknown_option_is_named_before_anything_runs(clean, options, said):
    with pytest.raises(UnknownName, match=said):
        checked(clean, [odd], Suite("s", options=options))


def test_options_of_a_check_that_is_not_asked_for_are_fine(clean):
    assert checked(clean, ["imbalance"], Suite("s", options={"outliers": {"spread": 2}})).checks.keys() == {"imbalance"}


# -- evidence brought along


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Given(embeddings=np.ones((3, 2))), "embeddings: 3 embeddings for 240 rows"),
        (Given(pred_probs=Probabilities(np.ones((240, 3)), ("ash", "birch", "cedar"))), "row 0 does not sum to 1"),
    ],
)
def test_evidence_that_does_not_fit_stops_the_audit(clean, given, said):
    with pytest.raises(InputError, match=said):
        checked(clean, ["imbalance"], given=given)


def test_evidence_brought_along_is_noted(clean):
    given = Given(pred_probs=Probabilities(noisy_probabilities(clean.labels, 3), ("ash", "birch", "cedar")))
    assert any("class probabilities were brought along" in n for n in checked(clean, ["imbalance"], given=given).notes)
    assert any(
        "LogisticRegression" in n for n in checked(clean, ["imbalance"], given=Given(model=LogisticRegression())).notes
    )


# -- the reference


def reference(data: Dataset, **changes) -> Dataset:
    return replace(data, name="test", **changes)


def test_the_reference_s_columns_may_come_in_another_order_with_others_beside_them(clean):
    columns = ["note", "x3", "label", "x1", "x0", "x2"]
    table = clean.table.iloc[:5].assign(note="n")[columns]
    roles = Roles(label="label", features=("note", "x3", "x1", "x0", "x2"))
    report = checked(clean, ["leakage"], reference=reference(clean, table=table, roles=roles))
    assert report.measures["leakage.exact.count"] == 5


def test_a_reference_without_a_feature_is_refused(clean):
    other = reference(
        clean, table=clean.table.drop(columns="x2"), roles=Roles(label="label", features=("x0", "x1", "x3"))
    )
    with pytest.raises(UnknownName, match=r"test \(reference\): no column 'x2'"):
        checked(clean, ["leakage"], reference=other)


def test_a_reference_that_holds_words_where_the_data_has_numbers_is_refused(clean):
    other = reference(clean, table=clean.table.assign(x2=clean.table["x2"].astype(str)))
    with pytest.raises(
        InputError, match=r"test \(reference\): column 'x2' holds words, in trees numbers: no rows would ever be equal"
    ):
        checked(clean, ["leakage"], reference=other)


MOMENTS = pd.date_range("2024-01-01", periods=240, freq="D")
FRACTIONS = np.arange(240) / 7


@pytest.mark.parametrize(
    ("here", "there", "said"),
    [
        (MOMENTS, MOMENTS.strftime("%Y-%m-%d"), "holds words, in trees dates"),
        (MOMENTS, MOMENTS.tz_localize("UTC"), "holds dates of UTC, in trees dates"),
        (np.arange(240) % 2 == 0, np.where(np.arange(240) % 2 == 0, "True", "False"), "holds words, in trees true and false"),
        (FRACTIONS, FRACTIONS.astype("float32"), "holds fractions of 32 bits, in trees fractions of 64 bits"),
        (FRACTIONS.astype("float32"), FRACTIONS, "holds fractions of 64 bits, in trees fractions of 32 bits"),
    ],
)  # fmt: skip
def test_a_column_that_the_reference_stores_another_way_is_refused_since_no_row_would_be_equal(
    clean, here, there, said
):
    data = replace(clean, table=clean.table.assign(x2=here))
    other = reference(clean, table=clean.table.assign(x2=there))

    with pytest.raises(
        InputError, match=rf"{said}: (no rows|hardly a row) would.* equal; store the column alike in both"
    ):
        checked(data, ["leakage"], reference=other)


@pytest.mark.parametrize(
    ("here", "there"),
    [
        (np.arange(240.0), np.arange(240, dtype="float32")),
        (np.arange(240), np.arange(240.0)),
        (FRACTIONS.astype("float32"), FRACTIONS.astype("float32").astype("float64")),
        (MOMENTS, MOMENTS.strftime("%Y-%m-%d %H:%M:%S")),
        (MOMENTS.strftime("%Y-%m-%d"), MOMENTS.date),
        (pd.Categorical(["a", "b"] * 120), ["a", "b"] * 120),
    ],
)
def test_a_column_that_two_types_store_alike_is_compared(clean, here, there):
    other = reference(clean, table=clean.table.assign(x2=there).iloc[:9])
    found = checked(replace(clean, table=clean.table.assign(x2=here)), ["leakage"], reference=other)

    assert found["leakage"].measures["exact.count"] == 9


def test_a_reference_of_another_kind_is_refused(clean, notes):
    with pytest.raises(InputError, match="notes holds text data, trees table data: not comparable"):
        checked(clean, ["leakage"], reference=notes)


# -- one seed, one result


def same(one: Report, other: Report) -> None:
    assert list(one.checks) == list(other.checks)
    for issues in one:
        assert_same_issues(issues, other[issues.check])
        assert dict(issues.detail) == dict(other[issues.check].detail)
    assert one.measures == other.measures


@pytest.mark.parametrize("kind", ["table", "text", "image"])
def test_one_seed_gives_equal_reports(kind, notes, tiles):
    data = {"table": planted().data, "text": notes, "image": tiles}[kind]
    same(checked(data, seed=1), checked(data, seed=1))


def test_an_audit_leaves_its_data_as_it_was():
    data = planted().data
    table, before = data.table.copy(deep=True), data.fingerprint
    checked(data)
    pd.testing.assert_frame_equal(data.table, table)
    assert replace(data).fingerprint == before


def test_ids_do_not_change_what_is_found(trees):
    data = trees.data
    numbered = replace(data, table=data.table.set_axis(pd.RangeIndex(len(data))))
    one, other = checked(data), checked(numbered)
    assert one.measures == other.measures
    for issues in one:
        assert data.rows.get_indexer(issues.flagged).tolist() == other[issues.check].flagged.tolist()


def test_the_order_of_rows_does_not_change_what_is_found(trees):
    shuffled = trees.data.take(trees.data.rows[np.random.default_rng(0).permutation(len(trees.data))])
    one, other = (
        checked(d, ["conflicts", "missing", "imbalance", "outliers", "duplicates"]) for d in (trees.data, shuffled)
    )
    assert one.measures == pytest.approx(other.measures)
    for name in ("conflicts", "missing", "imbalance", "outliers"):
        assert set(one[name].flagged) == set(other[name].flagged)
    sets = [{(s["kind"], frozenset(s["rows"])) for s in r["duplicates"].detail["sets"]} for r in (one, other)]
    assert sets[0] == sets[1]


# -- the cache


def kept(report: Report) -> set[str]:
    """The checks whose seconds are those of an earlier audit: theirs were rounded when written."""
    return {i.check for i in report if i.seconds == round(i.seconds, 3)}


@pytest.fixture(scope="module")
def cached(tmp_path_factory):
    """A cache folder and the audit that filled it."""
    folder = tmp_path_factory.mktemp("cache")
    return folder, checked(planted().data, cache=folder)


def again(cached, tmp_path, data=None, **more) -> Report:
    """Audit with a copy of the filled cache."""
    import shutil

    shutil.copytree(cached[0], tmp_path / "cache")
    return checked(data or planted().data, cache=tmp_path / "cache", **more)


def test_a_second_audit_takes_everything_over_and_says_the_same(cached, tmp_path):
    second = again(cached, tmp_path)
    assert kept(second) == set(LIGHT)
    same(cached[1], second)


def test_another_option_runs_that_check_again_and_only_that(cached, tmp_path):
    second = again(cached, tmp_path, suite=Suite("none", options={"outliers": {"spread": 2.0}}))
    assert kept(second) == set(LIGHT) - {"outliers"}
    assert second.measures["outliers.count"] > cached[1].measures["outliers.count"]


@pytest.mark.parametrize("change", ["seed", "a cell", "a label", "a role", "the reference", "a model"])
def test_whatever_a_result_depends_on_makes_it_run_again(cached, tmp_path, change):
    data = planted().data
    more = {
        "seed": {"seed": 1},
        "a cell": {
            "data": replace(data, table=data.table.assign(x0=data.table["x0"].where(data.rows != data.rows[3], 0.5)))
        },
        "a label": {"data": data.relabelled({data.rows[0]: "ash" if data.given.iloc[0] != "ash" else "birch"})},
        "a role": {"data": replace(data, roles=replace(data.roles, features=("x0", "x1", "x2")))},
        "the reference": {"reference": data.take(data.rows[:9])},
        "a model": {"given": Given(model=LogisticRegression())},
    }[change]
    assert kept(again(cached, tmp_path, **more)) == set()


def test_other_expectations_run_the_schema_check_again_and_not_the_others(tmp_path, clean):
    rule = Expectation("expect_column_to_exist", {"column": "x0"})
    empty = checked(clean, ["schema", "imbalance"], cache=tmp_path)
    assert empty["schema"].status == "not_applicable"
    from audit.run import _evidence, _key  # the schema check itself is run in checks/test_schema.py

    def key(*rules):
        suite = Suite("none", expectations=rules)
        evidence = _evidence(clean, None, suite, Given(), 0, None, lambda *_: None)
        return [_key(evidence, CHECKS[c], {}, suite) for c in ("schema", "imbalance")]

    one, other, severe = key(rule), key(), key(replace(rule, severity="warning"))
    assert len({one[0], other[0], severe[0]}) == 3
    assert one[1] == other[1] == severe[1]


@pytest.mark.parametrize("name", ["audit.json", "scores.parquet", "issues.parquet"])
def test_a_broken_file_in_the_cache_makes_the_checks_run_again(cached, tmp_path, name):
    import shutil

    shutil.copytree(cached[0], tmp_path / "cache")
    for path in (tmp_path / "cache" / "checks").glob(f"*/{name}"):
        path.write_bytes(path.read_bytes()[:60])
    second = checked(planted().data, cache=tmp_path / "cache")
    assert kept(second) == set()
    same(cached[1], second)


def test_going_back_to_earlier_data_finds_its_results_still_there(cached, tmp_path):
    again(cached, tmp_path, data=planted().data.take(planted().data.rows[:-3]))
    assert kept(checked(planted().data, cache=tmp_path / "cache")) == set(LIGHT)


WORKER = """
import sys
from pathlib import Path
sys.path.insert(0, "tests/audit")
from test_run import checked, same
from toy import planted
data = planted().data
data = data.take(data.rows[int(sys.argv[2]):])
checks = ("conflicts", "imbalance", "missing")
alone = checked(data, checks)
for _ in range(20):
    same(alone, checked(data, checks, cache=Path(sys.argv[1])))
"""


def test_audits_at_the_same_time_may_share_a_cache(tmp_path):
    root = Path(__file__).parents[2]
    together = [subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path), str(skip)], cwd=root) for skip in (0, 5)]
    assert [p.wait(timeout=120) for p in together] == [0, 0]


def test_broken_evidence_in_the_cache_is_computed_again_and_noted(cached, tmp_path):
    import shutil

    shutil.copytree(cached[0], tmp_path / "cache")
    for path in (tmp_path / "cache").glob("*.npz"):
        path.write_bytes(path.read_bytes()[:80])
    shutil.rmtree(tmp_path / "cache" / "checks")
    second = checked(planted().data, cache=tmp_path / "cache")
    same(cached[1], second)
    assert any("could not be read" in n for n in second.notes)


def test_a_check_of_one_s_own_is_never_taken_over(clean, tmp_path):
    calls = []

    def own(evidence):
        calls.append(1)
        return Issues("own", measures={"count": len(calls)})

    counts = [checked(clean, [own], cache=tmp_path).measures["own.count"] for _ in range(2)]
    assert counts == [1, 2]


def test_a_check_that_broke_is_tried_again(tmp_path):
    values, labels = blobs(60)
    data = table_of(values, [*labels[:-1].astype(str), "9"])
    for _ in range(2):
        report = checked(data, ["labels"], cache=tmp_path)
        assert report["labels"].status == "error"
        assert report["labels"].key == ""


# -- pictures that cannot be opened


def files(folder, broken: tuple = ()) -> Dataset:
    """Twenty PNG files, some of which are no pictures."""
    from PIL import Image

    tiles = pictures_of(20)
    for i, pixels in enumerate(tiles.images):
        path = folder / f"{i}.png"
        path.write_bytes(b"no picture") if i in broken else Image.fromarray(pixels[:, :, 0]).save(path)
    table = tiles.table.assign(file=[str(folder / f"{i}.png") for i in range(20)])
    return Dataset("files", table, Roles(label="label", image="file"), tiles.classes)


def test_a_picture_that_cannot_be_opened_is_an_issue_and_the_audit_goes_on(tmp_path):
    report = checked(files(tmp_path, (3,)))
    assert report.measures["missing.unreadable"] == 1
    assert report["missing"].flagged.tolist() == [3]
    assert not report.errors
    assert 3 not in report["labels"].scores.index
    assert report.scores()["labels.flagged"].isna().tolist() == [i == 3 for i in range(20)]


def test_flags_survive_the_folder_where_some_rows_have_none(tmp_path):
    (tmp_path / "pictures").mkdir()
    report = checked(files(tmp_path / "pictures", (3,)))
    report.write(tmp_path / "report")
    back = Report.read(tmp_path / "report")
    for issues in report:
        assert_same_issues(issues, back[issues.check])


def test_another_picture_that_breaks_is_noticed_beside_a_cache(tmp_path):
    (tmp_path / "pictures").mkdir()
    data = files(tmp_path / "pictures", (3,))
    counts = []
    for rows in (range(19), range(20)):
        (tmp_path / "pictures" / "19.png").write_bytes(b"no picture")
        part = replace(data, table=data.table.iloc[list(rows)])
        counts.append(checked(part, ["missing"], cache=tmp_path / "cache").measures["missing.unreadable"])
    assert counts == [1, 2]


def test_what_is_said_of_a_picture_that_cannot_be_opened_is_never_taken_over_from_another_label(tmp_path):
    (tmp_path / "pictures").mkdir()
    data = files(tmp_path / "pictures", (3,))
    said = []
    for label in ("left", "top"):
        report = checked(data.relabelled({3: label}), ["missing"], cache=tmp_path / "cache")
        said.append(report["missing"].findings.loc[3, "given"])
    assert said == ["left", "top"]


def test_no_picture_that_opens_is_an_error_that_says_so(tmp_path):
    with pytest.raises(InputError, match="files: none of the 20 pictures can be opened: not a readable picture"):
        checked(files(tmp_path, tuple(range(20))))


def test_embeddings_of_pictures_that_open_stay_with_their_rows(tmp_path):
    vectors = np.random.default_rng(0).normal(0, 1, (20, 4))
    vectors[5] = vectors[6]
    (tmp_path / "there").mkdir()
    there = replace(files(tmp_path / "there", (0,)), name="there")
    there_vectors = np.vstack([np.full(4, 9.0), vectors[1:]])
    given = Given(embeddings=vectors, reference_embeddings=there_vectors)
    report = checked(files(tmp_path, (2,)), ["duplicates", "leakage"], given=given, reference=there)
    assert [s["rows"] for s in report["duplicates"].detail["sets"] if s["kind"] == "near"] == [[5, 6]]
    assert report["leakage"].status == "ran"


def test_texts_that_are_all_alike_do_not_stop_the_other_checks():
    report = checked(texts_of(["same"] * 12, ["a", "b"] * 6), ["conflicts", "duplicates", "imbalance"])
    assert report.measures["duplicates.exact.count"] == 11
    assert report.measures["conflicts.rows"] == 12


def test_a_model_without_probabilities_is_refused_before_anything_runs():
    class Votes:
        pass

    with pytest.raises(InputError, match="Votes: has no predict_proba"):
        checked(table_of(*blobs(40)), ["imbalance"], given=Given(model=Votes()))
