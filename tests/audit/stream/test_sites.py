"""However rows are spread over sites, together they say what one owner of all rows would."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream.made import made

from audit.errors import InputError, StaleError
from audit.stream import confident, sites

NAMES = ("ash", "birch", "cedar", "douglas")


def spread(labels, probabilities, where):
    return [(labels[where == s], probabilities[where == s]) for s in sorted(set(where.tolist()))]


def together(parts, names=NAMES):
    pooled = sites.merge_sums(*(sites.site_sums(y, P, names) for y, P in parts))
    return pooled, sites.conclude(pooled, sites.merge_counts(*(sites.site_counts(y, P, pooled) for y, P in parts)))


def same(one, other):
    fields = ("thresholds", "confident_joint", "calibrated_joint", "joint", "noise_matrix", "noise_rates")
    return all(np.array_equal(getattr(one, f), getattr(other, f)) for f in fields) and one.count == other.count


@given(st.integers(0, 10**6), st.integers(1, 5), st.sampled_from([np.float32, np.float64]), st.booleans())
@settings(max_examples=25, deadline=None)
def test_any_split_gives_the_joint_of_one_owner_of_all(seed, number, dtype, gap):
    labels, probabilities = made(400, 4, seed, dtype=dtype, missing=(2,) if gap else ())
    where = np.random.default_rng(seed).integers(0, number, 400)
    _, split = together(spread(labels, probabilities, where))
    _, alone = together([(labels, probabilities)])
    assert same(split, alone)
    assert split.rows == 400
    assert split.sites == len(set(where.tolist()))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_pooled_audit_s_joint_and_its_thresholds_to_a_few_last_places(seed, dtype):
    labels, probabilities = made(3_000, 4, seed, dtype=dtype, noise=0.2)
    pooled = confident(labels, probabilities)
    _, split = together(spread(labels, probabilities, np.arange(3_000) % 3))
    assert split.thresholds.dtype == pooled.thresholds.dtype
    assert split.thresholds == pytest.approx(pooled.thresholds, rel=float(8 * np.finfo(dtype).eps))
    assert np.array_equal(split.joint, pooled.joint)
    assert np.array_equal(split.noise_rates, pooled.noise_rates)
    assert split.count == pooled.count


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.sampled_from([np.float32, np.float64]))
def test_sums_are_exact(values, dtype):
    array = np.array(values, dtype)
    assert sites.exact_sum(array) == sum(map(Fraction, array.tolist()))


def test_merging_goes_in_any_order_and_grouping():
    labels, probabilities = made(300, 4)
    a, b, c = (sites.site_sums(y, P, NAMES) for y, P in spread(labels, probabilities, np.arange(300) % 3))
    assert sites.merge_sums(sites.merge_sums(a, b), c) == sites.merge_sums(c, a, b)


def test_files_bring_back_what_was_written(tmp_path):
    labels, probabilities = made(300, 4)
    sums = sites.site_sums(labels, probabilities, NAMES)
    counts = sites.site_counts(labels, probabilities, sums)
    sites.write_stats(tmp_path / "a.stats", sums)
    sites.write_stats(tmp_path / "b.stats", counts)
    assert sites.read_stats(tmp_path / "a.stats") == sums
    assert same(sites.conclude(sums, sites.read_stats(tmp_path / "b.stats")), sites.conclude(sums, counts))


def test_a_file_reveals_nothing_a_row(tmp_path):
    labels, probabilities = made(5_000, 4)
    sums = sites.site_sums(labels, probabilities, NAMES)
    sites.write_stats(tmp_path / "a.stats", sums)
    sites.write_stats(tmp_path / "b.stats", sites.site_counts(labels, probabilities, sums))
    assert set(json.loads((tmp_path / "a.stats").read_text())) == {
        "format", "schema", "round", "classes", "sites", "dtype", "counts", "sums",
    }  # fmt: skip
    assert max((tmp_path / n).stat().st_size for n in ("a.stats", "b.stats")) < 1_500


def test_the_same_site_twice_is_refused_even_shuffled():
    labels, probabilities = made(300, 4)
    once, again = (
        sites.site_sums(labels, probabilities, NAMES),
        sites.site_sums(labels[::-1], probabilities[::-1], NAMES),
    )
    with pytest.raises(InputError, match=f"site {once.sites[0]} is there twice"):
        sites.merge_sums(once, again)


def test_what_does_not_belong_together_is_refused():
    labels, probabilities = made(300, 4)
    (y, P), (y2, P2) = spread(labels, probabilities, np.arange(300) % 2)
    a, b = sites.site_sums(y, P, NAMES), sites.site_sums(y2, P2, NAMES)
    pooled = sites.merge_sums(a, b)
    counts = sites.site_counts(y, P, pooled)
    with pytest.raises(
        InputError, match="the classes differ: ash, birch, cedar, douglas and ash, birch, cedar, dogwood"
    ):
        sites.merge_sums(a, sites.site_sums(y2, P2, (*NAMES[:3], "dogwood")))
    with pytest.raises(InputError, match="some sites' probabilities are float32"):
        sites.merge_sums(a, sites.site_sums(y2, P2.astype(np.float64), NAMES))
    with pytest.raises(StaleError, match="not among the 1 that were merged"):
        sites.site_counts(y2, P2, a)
    with pytest.raises(StaleError, match="counts of 1 of 2 sites are missing"):
        sites.conclude(pooled, counts)
    with pytest.raises(StaleError, match="over other merged sums"):
        sites.conclude(a, counts)
    with pytest.raises(StaleError, match="over different thresholds"):
        sites.merge_counts(counts, sites.site_counts(y2, P2, b))
    with pytest.raises(InputError, match="more rows of a class are counted than there are"):
        sites.conclude(
            a, replace(counts, pairs=counts.pairs * 99, pooled=sites.site_counts(y, P, a).pooled, sites=a.sites)
        )
    with pytest.raises(InputError, match="classes: 3 names"):
        sites.site_sums(y, P, NAMES[:3])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "else"}, "not a file of statistics"),
        ({"schema": 2}, "written by another version of assay: schema 2, this reads 1"),
        ({"counts": [1, 2]}, "broken: 4 classes, 2 counts"),
        ({"counts": [-1, 2, 3, 4]}, "broken: -1 is no count"),
        ({"sums": ["9000", "1", "1", "1"]}, "a mean self-confidence is not between 0 and 1"),
        ({"sums": ["1/0", "1", "1", "1"]}, "broken"),
        ({"sums": ["1e999999999", "1", "1", "1"]}, "broken: '1e999999999' is no fraction"),
        ({"sums": [0.5, 1, 1, 1]}, "broken"),
        ({"classes": "abcd"}, "a list of names is expected"),
        ({"sites": None}, "a list of names is expected"),
    ],
)
def test_a_broken_file_says_what_is_wrong(change, said, tmp_path):
    path = tmp_path / "a.stats"
    sites.write_stats(path, sites.site_sums(*made(300, 4), NAMES))
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=said):
        sites.read_stats(path)


def test_a_file_without_a_part_says_which(tmp_path):
    path = tmp_path / "a.stats"
    sites.write_stats(path, sites.site_sums(*made(300, 4), NAMES))
    values = json.loads(path.read_text())
    del values["sums"]
    path.write_text(json.dumps(values))
    with pytest.raises(InputError, match="no 'sums'"):
        sites.read_stats(path)


def test_a_site_of_one_class_helps_but_all_of_one_class_do_not():
    labels, probabilities = made(300, 4)
    only = labels == 0
    _, split = together([(labels[only], probabilities[only]), (labels[~only], probabilities[~only])])
    _, alone = together([(labels, probabilities)])
    assert same(split, alone)
    with pytest.raises(InputError, match="all labels are of one class"):
        together([(labels[only], probabilities[only])])
