"""Leakage of data that is read in blocks: equal rows as in memory, near ones with an interval that holds the truth."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from audit.cli import run
from audit.errors import InputError
from audit.large import budget
from audit.large.bounds import size
from audit.large.drawn.sample import Share
from audit.large.needs import needed
from audit.large.plan import check_reference
from audit.large.publish import publish_blocks
from audit.large.read.table import LargeData, open_data, open_table
from audit.large.run import Large, audit_blocks
from audit.report import Issues, Report
from audit.run import audit
from audit.sources import load
from audit.sources.roles import Named
from audit.suite import default_suite, parse_suite
from audit.treatments import deduplicate
from audit.verdict import gate

G = 1 << 30
NONE = parse_suite({}, name="none")
WORDS = ("ash", "birch", "cedar", "dogwood", "elm", "fir", "gorse", "hazel", "ivy", "juniper", "larch", "maple")
MEASURES = [f"{kind}.{m}" for kind in ("exact", "normalised", "near") for m in ("count", "rate")]


def texts(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    said = [" ".join(rng.choice(WORDS, 9)) + f" {rng.integers(0, 10**6)}" for _ in range(n)]
    return pd.DataFrame({"text": said, "y": rng.choice(["u", "v"], n)})


def numbers(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 4)), columns=list("abcd"))
    return frame.assign(k=rng.integers(0, 9, n), y=rng.choice(["u", "v"], n))


def leaked_texts(n: int = 300, m: int = 120) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Texts, and others of which 6 are among them (one twice), 4 but for case and spaces, 5 but for a sign."""
    here, there = texts(n, 0), texts(m, 1)
    here.loc[290, "text"] = here.loc[9, "text"]
    here.loc[[7, 8], "text"] = [None, "  "]
    there.loc[[3, 4, 10, 11, 12, 13], "text"] = here["text"][[5, 9, 5, 20, 21, 22]].to_numpy()
    there.loc[20:23, "text"] = here["text"][[5, 30, 31, 32]].str.upper().str.replace(" ", "  ").to_numpy()
    there.loc[30:34, "text"] = (here["text"][[5, 40, 41, 42, 43]] + ".").to_numpy()
    there.loc[50, "text"] = ""
    return here, there


def leaked_numbers(n: int = 400, m: int = 150) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of numbers, and others of which 5 are among them and 20 but for a little; cells lack in both."""
    here, there = numbers(n, 0), numbers(m, 1)
    here.loc[[6, 50], "a"] = np.nan
    there.loc[10:14, list("abcdk")] = here.loc[[6, 7, 8, 9, 9], list("abcdk")].to_numpy()
    there.loc[20:39, list("abcd")] = here.loc[100:119, list("abcd")].to_numpy() + 1e-5
    there.loc[20:39, "k"] = here.loc[100:119, "k"].to_numpy()
    return here, there.astype({"k": float})


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def stored(path: Path, frame: pd.DataFrame, group: int = 97, **named: str) -> LargeData:
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=group)
    labelled = {"label": "y"} if "y" in frame else {"unlabelled": True}
    return open_data(open_table(path), Named(**labelled, **named))


def blocks(data: LargeData, **more) -> Large:
    return audit_blocks(data, **{"suite": NONE, "run": map, "memory": 2 * G, **more})


def both(folder: Path, here: pd.DataFrame, there: pd.DataFrame | None, **named: str) -> tuple[Large, Report]:
    """The same audit by blocks and in memory."""
    data = stored(folder / "train.parquet", here, **named)
    reference = None
    if there is not None:
        there.to_parquet(folder / "test.parquet", index=False)
        reference = load(folder / "test.parquet", label="y")
    whole = audit(
        load(folder / "train.parquet", label="y", **named), reference=reference, suite=NONE, checks=["leakage"]
    )
    return blocks(data, reference=reference), whole


def same(found: Issues, wanted: Issues) -> None:
    kept = [m for m in MEASURES if m in wanted.measures]
    assert {m: found.measures[m] for m in kept} == {m: wanted.measures[m] for m in kept}
    pd.testing.assert_frame_equal(found.findings, wanted.findings, check_dtype=False, check_names=False, rtol=1e-6)
    for name in ("against", "rows_there", "pairs"):
        assert found.detail[name] == wanted.detail[name], name


@pytest.mark.parametrize(("make", "exact", "near"), [(leaked_texts, 6, 5), (leaked_numbers, 5, 20)])
def test_where_every_row_is_drawn_a_reference_holds_what_it_holds_in_memory(tmp_path, make, exact, near):
    large, whole = both(tmp_path, *make())
    found = large.report["leakage"]

    same(found, whole["leakage"])
    assert found.measures["exact.count"] >= exact
    assert found.measures["near.count"] == near
    low, high = found.detail["intervals"]["near.rate"]
    assert low == high == found.measures["near.rate"]
    assert found.detail["sampled"] == {"rows": len(make()[1]), "of": len(make()[1])}
    assert large.report.reference == whole.reference
    assert (
        f"near leaks: all {len(make()[1])} rows of test.parquet were held against all rows here" in large.report.notes
    )


@pytest.mark.parametrize("make", [leaked_texts, leaked_numbers])
def test_where_every_row_is_drawn_another_split_holds_what_it_holds_in_memory(tmp_path, make):
    here, there = make()
    frame = pd.concat([here.assign(part="train"), there.assign(part="test")], ignore_index=True)
    frame = frame.sample(frac=1, random_state=0, ignore_index=True)
    frame.loc[frame.index[frame["part"] == "test"][:9], "part"] = None
    large, whole = both(tmp_path, frame, None, split="part")
    found = large.report["leakage"]

    same(found, whole["leakage"])
    assert found.measures["exact.count"] > 4 < found.measures["near.count"]
    assert found.detail["intervals"]["near.count"] == [found.measures["near.count"]] * 2
    assert large.report.reference is None


@pytest.mark.parametrize("make", [leaked_texts, leaked_numbers])
def test_with_a_reference_and_splits_both_are_held_against_all_rows_as_in_memory(tmp_path, make):
    here, there = make()
    frame = here.assign(part=np.where(here.index < len(here) - 60, "fit", "test"))
    own = [c for c in frame if c not in ("y", "part")]
    frame.loc[frame.index[-3:], own] = frame.loc[[1, 2, 3], own].to_numpy()
    frame = frame.astype(here.dtypes[own].to_dict())
    large, whole = both(tmp_path, frame, there, split="part")
    found = large.report["leakage"]

    same(found, whole["leakage"])
    assert found.detail["against"] == "test.parquet and split test"
    assert found.detail["within"] == whole["leakage"].detail["within"] == "split test"
    assert set(found.findings["group"]) == {"test.parquet", "split test"}
    assert "no split is called train: 'fit', of" in found.detail["notes"][0]
    low, high = found.detail["intervals"]["near.count"]
    assert low == high == found.measures["near.count"] > 0


def test_the_intervals_of_near_leaks_on_both_sides_are_added_up(tmp_path, monkeypatch):
    here, there = leaked_numbers(900, 400)
    data = stored(tmp_path / "d.parquet", here.assign(part=["train"] * 600 + ["test"] * 300), split="part")
    there.to_parquet(tmp_path / "test.parquet", index=False)
    reference = load(tmp_path / "test.parquet", label="y")
    monkeypatch.setattr(budget, "MOST", 250)
    found = blocks(data, reference=reference).report["leakage"]

    low, high = found.detail["intervals"]["near.count"]
    assert low <= 20 <= high
    assert found.detail["sampled"]["of"] == 700
    rates = found.detail["intervals"]["near.rate"]
    assert [r * 700 for r in rates] == pytest.approx([low, high], abs=2)


def test_the_page_shows_leaks_of_both_sides(tmp_path):
    here, there = leaked_texts()
    frame = here.assign(part=["train"] * 240 + ["test"] * 60, id=[f"r{i}" for i in range(300)])
    frame.loc[299, "text"] = frame.loc[60, "text"]
    large, _ = both(tmp_path, frame, there.assign(id=[f"t{i}" for i in range(120)]), split="part")
    publish_blocks(large, gate(large.report, NONE), tmp_path / "report")

    page = (tmp_path / "report" / "report.html").read_text()
    assert {"row r299", "row t3"} <= {f"row {x}" for x in ("r299", "t3") if f"row {x}" in page}
    assert "not at hand" not in page


def test_the_split_trained_on_is_the_most_frequent_where_none_is_called_train(tmp_path):
    frame = leaked_numbers()[0].assign(part=pd.array([None, 1, 2, 2] * 100, dtype="Int64"))
    frame.loc[4:7, list("abcdk")] = frame.loc[0:3, list("abcdk")].to_numpy()
    large, whole = both(tmp_path, frame, None, split="part")
    same(large.report["leakage"], whole["leakage"])

    alone = blocks(stored(tmp_path / "one.parquet", frame.assign(part="all"), split="part")).report["leakage"]
    assert (alone.status, alone.why) == ("not_applicable", "column 'part' holds one split only: 'all'")


def test_exact_leaks_are_counted_whatever_is_drawn_and_a_gate_fails(tmp_path, monkeypatch):
    here, there = leaked_numbers(900, 400)
    stored(tmp_path / "train.parquet", here)
    there.to_parquet(tmp_path / "test.parquet", index=False)
    data, reference = stored(tmp_path / "train.parquet", here), load(tmp_path / "test.parquet", label="y")
    suite = default_suite(data.head, reference)
    monkeypatch.setattr(budget, "MOST", 250)
    found = [blocks(data, suite=suite, reference=reference, seed=seed) for seed in range(3)]

    assert [f.report["leakage"].measures["exact.count"] for f in found] == [5, 5, 5]
    assert [f.report["leakage"].detail["sampled"] for f in found] == [{"rows": 250, "of": 400}] * 3
    assert any(b.measure == "leakage.exact.count" for b in gate(found[0].report, suite).breaches)
    clean = load(tmp_path / "test.parquet", label="y").drop(range(10, 40))
    passed = blocks(data, suite=suite, reference=clean).report
    assert not [b for b in gate(passed, suite).breaches if b.measure.startswith("leakage")]


@pytest.mark.parametrize("make", [leaked_texts, leaked_numbers])
@pytest.mark.parametrize("within", [False, True], ids=["reference", "splits"])
def test_the_interval_holds_the_truth_of_near_leaks(tmp_path, monkeypatch, make, within):
    here, there = (frame.drop(columns="y") for frame in make(700, 500))
    frame = pd.concat([here.assign(part="train"), there.assign(part="test")], ignore_index=True)
    if within:
        data, reference = stored(tmp_path / "all.parquet", frame, split="part"), None
        whole = audit(load(tmp_path / "all.parquet", unlabelled=True, split="part"), suite=NONE, checks=["leakage"])
    else:
        data = stored(tmp_path / "train.parquet", here)
        there.to_parquet(tmp_path / "test.parquet", index=False)
        reference = load(tmp_path / "test.parquet", unlabelled=True)
        train = load(tmp_path / "train.parquet", unlabelled=True)
        whole = audit(train, reference=reference, suite=NONE, checks=["leakage"])
    truth = whole["leakage"].measures
    monkeypatch.setattr(budget, "MOST", 300)
    held = []
    for seed in range(3):
        found = blocks(data, reference=reference, seed=seed).report["leakage"]
        low, high = found.detail["intervals"]["near.rate"]
        assert found.measures["exact.count"] == truth["exact.count"]
        assert low < high
        held.append(low <= truth["near.rate"] <= high)
    assert all(held)


def test_pictures_leak_too_and_those_that_cannot_be_opened_count_nowhere(tmp_path):
    def written(seed: int, n: int) -> list[np.ndarray]:
        return [
            np.kron(p, np.ones((5, 5), np.uint8))
            for p in np.random.default_rng(seed).integers(0, 255, (n, 4, 4), np.uint8)
        ]

    here, there = written(0, 220), written(1, 60)
    there[3], there[4] = here[7], here[8] ^ (np.arange(400).reshape(20, 20) == 0)
    frames = [pd.DataFrame({"image": [png(p) for p in pictures]}) for pictures in (here, there)]
    frames[0].loc[100, "image"], frames[1].loc[50, "image"] = b"shut", b"broken"
    large, whole = both(tmp_path, *(f.assign(y=["u", "v"] * (len(f) // 2)) for f in frames))

    same(large.report["leakage"], whole["leakage"])
    assert [large.report["leakage"].measures[f"{kind}.rate"] for kind in ("exact", "near")] == [1 / 59, 1 / 59]


def test_an_interval_of_few_rows_is_exact():
    # of 500 rows that 4 have it none of 300 drawn ones shows in 200/500 199/499 198/498 197/497 = 2.51 % of draws; of 5, in 1 %
    assert Share(0, 300, 500).ends == (0, 4 / 500)
    assert Share(300, 300, 500).ends == (496 / 500, 1)
    shares = [Share(int(h), 300, 500) for h in np.random.default_rng(0).hypergeometric(6, 494, 300, 500)]
    assert np.mean([s.ends[0] <= 6 / 500 <= s.ends[1] for s in shares]) >= 0.95


def test_every_byte_is_the_same_however_the_rows_are_stored(tmp_path, monkeypatch):
    here, there = (frame.drop(columns="y") for frame in leaked_texts())
    there.to_parquet(tmp_path / "test.parquet", index=False)
    reference = load(tmp_path / "test.parquet", unlabelled=True)
    monkeypatch.setattr(budget, "MOST", 220)
    for group in (1000, 97, 20):
        large = blocks(stored(tmp_path / "d.parquet", here, group), reference=reference)
        publish_blocks(large, gate(large.report, NONE), tmp_path / str(group))

    for name in ("scores.parquet", "issues.parquet"):
        one, *others = ((tmp_path / g / name).read_bytes() for g in ("1000", "97", "20"))
        assert [o == one for o in others] == [True, True], name


def test_the_report_is_read_shown_and_mends_the_very_data(tmp_path):
    here, there = leaked_texts()
    there["id"] = [f"t{i}" for i in range(len(there))]
    here["id"] = [f"r{i}" for i in range(len(here))]
    large, whole = both(tmp_path, here, there)
    publish_blocks(large, gate(large.report, NONE), tmp_path / "report")
    read, data = Report.read(tmp_path / "report"), load(tmp_path / "train.parquet", label="y")

    pd.testing.assert_series_equal(
        read["leakage"].scores["score"], whole["leakage"].scores["score"], check_index=False, rtol=1e-6
    )
    assert read["leakage"].flagged.tolist() == whole["leakage"].flagged.tolist()
    dropped = deduplicate(data, read).table
    assert set(dropped["row"][dropped["check"] == "leakage"]) == set(whole["leakage"].flagged)
    page = (tmp_path / "report" / "report.html").read_text()
    assert "row t20" in page
    assert "not at hand" not in page


def test_neighbours_that_are_all_of_other_splits_leave_a_row_open(tmp_path):
    here = numbers(400, 0).assign(part="train")
    crowd = pd.concat([numbers(1, 5)] * 80, ignore_index=True).assign(part="test")
    crowd["a"] += np.linspace(0, 1e-3, 80)
    data = stored(tmp_path / "d.parquet", pd.concat([here, crowd], ignore_index=True), split="part")
    found = blocks(data).report["leakage"]

    assert found.measures["near.count"] == 0
    assert found.detail["intervals"]["near.count"] == [0, 80]
    assert "of 80 it is not known, since their 50 nearest rows look the same" in found.detail["notes"][0]


def test_what_a_leak_is_worth_is_not_measured_and_nothing_is_worth_nothing(tmp_path):
    here, there = leaked_numbers()
    large, whole = both(tmp_path, here, there)
    assert "inflation" in whole["leakage"].measures
    assert "inflation" not in large.report["leakage"].measures
    assert "what the leak is worth in a test score is not measured block by block" in large.report.notes
    verdict = gate(large.report, parse_suite({"limits": {"leakage.inflation": 1}}, name="worth"))
    assert ("leakage.inflation", "critical") in [(b.measure, b.severity) for b in verdict.breaches]

    clean, whole = both(tmp_path, here, numbers(80, 7))
    assert clean.report["leakage"].measures == whole["leakage"].measures


def test_without_a_sample_equal_rows_are_found_all_the_same(tmp_path):
    here, there = leaked_texts()
    there.to_parquet(tmp_path / "test.parquet", index=False)
    data, reference = stored(tmp_path / "d.parquet", here), load(tmp_path / "test.parquet", label="y")
    suite = parse_suite({"limits": {"leakage.near.rate": 0.5}}, name="near")
    large = blocks(data, suite=suite, reference=reference, memory=needed(data, None, suite, reference) + 1000)
    found = large.report["leakage"]

    assert found.measures["exact.count"] >= 6
    assert "near.count" not in found.measures
    assert found.detail["notes"][0].startswith("near leaks are not looked for: 0 MB of memory that are left")
    assert "leakage.near.rate" in [b.measure for b in gate(large.report, suite).breaches]


def test_a_reference_that_does_not_fit_or_cannot_be_compared_is_refused(tmp_path):
    here, there = leaked_numbers()
    data = stored(tmp_path / "d.parquet", here)
    there.to_parquet(tmp_path / "test.parquet", index=False)
    reference = load(tmp_path / "test.parquet", label="y")
    least = needed(data, None, NONE)
    told = rf"needs about {size(least)}, the reference included, more than --memory {size(least)}"
    with pytest.raises(InputError, match=told):
        blocks(data, reference=reference, memory=least)
    with pytest.raises(InputError, match=r"test\.parquet: a reference is held in memory, which takes 400 MB or more"):
        check_reference(str(tmp_path / "test.parquet"), 400 << 20)
    texts(9, 0).to_parquet(tmp_path / "texts.parquet", index=False)
    with pytest.raises(InputError, match="holds text data"):
        blocks(data, reference=load(tmp_path / "texts.parquet", label="y"))


def test_the_command_takes_a_reference_and_a_gate_reads_its_report(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    here, there = leaked_numbers(900)
    here["y"] = np.where(here["b"] > 0, "u", "v")  # labels that can be learnt
    stored(Path("train.parquet"), here)
    there.to_csv("test.csv", index=False)
    said = ["audit", "train.parquet", "--label", "y", "--reference", "test.csv", "--memory", "600M", "-o", "report"]

    assert run(said) == 0
    report = Report.read(Path("report"))
    assert report["leakage"].measures["exact.count"] == 5
    assert report.reference is not None
    assert run(["gate", "report"]) == 1
    assert "leakage.exact.count" in capsys.readouterr().out
