"""Whatever cleanlab answers, `confident` answers too, to the last bit."""

import tracemalloc

import numpy as np
import pytest
from cleanlab.count import estimate_latent
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from stream.made import SCORES, cleanlabs, made

from audit.errors import InputError, UnknownName
from audit.stream import FILTERS, Confident, confident, quality

DTYPES = (np.float32, np.float64)


def ours(labels: np.ndarray, probabilities: np.ndarray, **options: object) -> dict[str, np.ndarray]:
    return flat(confident(labels, probabilities, filter_by=FILTERS, scores=SCORES, **options))


def flat(found: Confident) -> dict[str, np.ndarray]:
    names = ("thresholds", "confident_joint", "calibrated_joint", "joint", "count")
    return {**found.masks, **found.scores, **{n: np.asarray(getattr(found, n)) for n in names}}


def differing(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> list[str]:
    assert one.keys() == other.keys()
    return [n for n in one if one[n].dtype != other[n].dtype or not np.array_equal(one[n], other[n])]


@st.composite
def cases(draw):
    """Good and weak models, few rows and many classes, ties, missing and rare classes, both precisions."""
    classes = draw(st.sampled_from([2, 3, 7, 30, 70]))
    others = st.lists(st.integers(0, classes - 1), max_size=min(3, classes - 2), unique=True)
    return made(
        draw(st.integers(classes + 5, 900)),
        classes,
        draw(st.integers(0, 10**6)),
        dtype=draw(st.sampled_from(DTYPES)),
        signal=draw(st.sampled_from([None, 0.3, 5.0])),
        noise=draw(st.sampled_from([0.0, 0.1, 0.7])),
        digits=draw(st.sampled_from([None, None, 1, 2])),
        missing=draw(others),
        rare=draw(others) if classes > 3 else (),
    )


@given(cases())
@settings(max_examples=60, deadline=None)
def test_all_is_cleanlab_s(case):
    labels, probabilities = case
    if len(set(labels)) > 1:
        assert differing(ours(labels, probabilities), cleanlabs(labels, probabilities)) == []


@given(st.integers(2, 5), st.integers(2, 25), st.sampled_from(DTYPES), st.data())
@settings(max_examples=60, deadline=None)
def test_all_is_cleanlab_s_where_every_other_value_is_a_tie(classes, n, dtype, data):
    grid = st.sampled_from([0.0, 0.25, 0.5, 0.5 + 1e-6, 0.5 - 1e-6, 0.5 + 2e-6, 0.75, 1.0])
    probabilities = data.draw(hnp.arrays(dtype, (n, classes), elements=grid.map(lambda v: float(dtype(v)))))
    labels = data.draw(hnp.arrays(np.int64, n, elements=st.integers(0, classes - 1)))
    if len(set(labels)) > 1:
        assert differing(ours(labels, probabilities), cleanlabs(labels, probabilities)) == []


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("n", "classes"), [(70_000, 16), (5_000, 150)])
def test_several_blocks_and_threads_give_the_same(n, classes, dtype):
    labels, probabilities = made(n, classes, dtype=dtype)
    alone = ours(labels, probabilities)
    assert differing(alone, cleanlabs(labels, probabilities)) == []
    assert differing(alone, ours(labels, probabilities, threads=3)) == []


@pytest.mark.parametrize("rule", FILTERS)
def test_a_rule_by_itself_flags_what_it_flags_among_others(rule):
    labels, probabilities = made(2_000, 80, digits=2)
    alone = confident(labels, probabilities, filter_by=(rule,))
    assert np.array_equal(alone.masks[rule], cleanlabs(labels, probabilities)[rule])
    assert list(alone.masks) == [rule]
    assert alone.count == cleanlabs(labels, probabilities)["count"]


@pytest.mark.parametrize("order", ["F", "slice", "labels"])
def test_the_layout_in_memory_makes_no_difference(order):
    labels, probabilities = made(500, 12)
    wide = np.hstack([probabilities, probabilities])
    variants = {
        "F": (labels, np.asfortranarray(probabilities)),
        "slice": (labels, wide[:, :12]),
        "labels": (labels.astype(np.int16)[::-1][::-1], probabilities),
    }
    assert differing(ours(*variants[order]), cleanlabs(*variants[order])) == []


def test_scores_alone_are_the_same_scores():
    labels, probabilities = made(800, 5)
    every = (*SCORES, "margin_quality")
    alone, beside = quality(labels, probabilities, every), confident(labels, probabilities, scores=every).scores
    assert differing(alone, dict(beside)) == []
    others = np.where(np.arange(5) == labels[:, None], 0, probabilities).max(axis=1)
    given_ = probabilities[np.arange(800), labels]
    assert alone["margin_quality"] == pytest.approx(given_ / (given_ + others), rel=1e-6)


def test_the_noise_matrix_is_cleanlab_s():
    labels, probabilities = made(2_000, 5, noise=0.3)
    found = confident(labels, probabilities)
    _, noise, inverse = estimate_latent(found.calibrated_joint, labels)
    assert found.noise_matrix == pytest.approx(noise, abs=1e-12)
    assert found.noise_rates == pytest.approx(1 - inverse.diagonal(), abs=1e-12)
    assert found.joint.sum() == pytest.approx(1)


def test_cuts_among_equal_values_are_said():
    rough, smooth = made(900, 4, digits=1), made(900, 4)
    assert confident(*smooth, filter_by=FILTERS).notes == ()
    assert "among equal values" in confident(*rough, filter_by=FILTERS).notes[0]


def test_nothing_is_changed_by_looking():
    labels, probabilities = made(400, 3)
    before = labels.copy(), probabilities.copy()
    ours(labels, probabilities)
    assert np.array_equal(labels, before[0])
    assert np.array_equal(probabilities, before[1])


@pytest.mark.parametrize("value", [np.nan, -0.1, 1.1, np.inf])
@pytest.mark.parametrize("classes", [4, 90])
def test_what_is_no_probability_is_named_by_its_row(value, classes):
    labels, probabilities = made(3_000, classes)
    probabilities[2_345, (labels[2_345] + 1) % classes] = value
    with pytest.raises(InputError, match=r"row 2345 holds .*between 0 and 1"):
        confident(labels, probabilities)


def test_a_hair_outside_0_and_1_passes_as_in_cleanlab_but_not_for_entropies():
    labels, probabilities = made(300, 3, dtype=np.float64)
    probabilities[7] = [1 + 5e-7, -5e-7, 0]
    found = confident(labels, probabilities, filter_by=("both",))
    assert np.array_equal(
        found.masks["both"], confident(labels, probabilities.clip(0, 1), filter_by=("both",)).masks["both"]
    )
    with pytest.raises(InputError, match="row 7 is not within 0 and 1"):
        quality(labels, probabilities, ("confidence_weighted_entropy",))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (np.array([0, 1, 3]), "row 2: 3 is none of the 3 classes 0 to 2"),
        (np.array([0, -1, 2]), "row 1: -1 is none"),
        (np.array([0.0, 1.0, 2.0]), "one integer a row is expected, this is float64"),
        (np.array([1, 1, 1]), "all are of one class"),
        (np.array([0, 1]), r"labels: shape \(2,\) for 3 rows"),
        (np.array(1), r"labels: shape \(\) for 3 rows"),
    ],
)
def test_labels_that_are_none_are_refused(labels, said):
    with pytest.raises(InputError, match=said):
        confident(labels, np.full((3, 3), 1 / 3))


@pytest.mark.parametrize(
    ("probabilities", "said"),
    [
        (np.ones((3, 1)), "two or more classes"),
        (np.ones(3), "two or more classes"),
        (np.ones((3, 2), np.float16), "float32 or float64, these are float16"),
    ],
)
def test_probabilities_that_are_none_are_refused(probabilities, said):
    with pytest.raises(InputError, match=said):
        confident(np.array([0, 1, 1]), probabilities)


def test_unknown_names_are_named():
    labels, probabilities = made(50, 3)
    with pytest.raises(UnknownName, match=r"no filter_by 'bth'; .*did you mean 'both'"):
        confident(labels, probabilities, filter_by=("bth",))
    with pytest.raises(UnknownName, match="no score 'margin'"):
        quality(labels, probabilities, ("margin",))


@pytest.mark.parametrize("rare", [(), range(38)], ids=["balanced", "two large classes"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_at_most_forty_bytes_a_row_and_some_megabytes_are_held_and_nothing_afterwards(dtype, rare):
    n, classes = 300_000, 40
    labels, probabilities = made(n, classes, dtype=dtype, rare=rare)
    tracemalloc.start()
    try:
        confident(labels, probabilities, filter_by=FILTERS, scores=("self_confidence", "normalized_margin"))
        left, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= 40 * n + (24 << 20)
    assert peak < probabilities.nbytes
    assert left < 1 << 20
