import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import Dataset, load
from audit.errors import InputError
from audit.evidence.given import Given
from audit.report import Report
from audit.run import audit
from train.advice.backwards import Backwards, extrapolate_backwards
from train.experiment import compare
from train.grid.pollution import percent_of, polluted
from train.grid.variants import Variant
from train.judge.curves import Refused

CLASSES = 4


def blobs(n: int, *, seed: int, noise: float = 0.0) -> Dataset:
    """Gaussian blobs, one a class, with a share of the labels moved to the next class; the truth beside them."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, CLASSES, n)
    x = 2.4 * np.eye(CLASSES, 6)[true] + rng.normal(size=(n, 6))
    given = np.where(rng.random(n) < noise, (true + 1) % CLASSES, true)
    table = pd.DataFrame(x, columns=[f"x{i}" for i in range(6)])
    table = table.assign(label=[f"c{k}" for k in given], truth=[f"c{k}" for k in true])
    return load(table, label="label", features=[f"x{i}" for i in range(6)])


@pytest.fixture(scope="module")
def draw() -> tuple[Dataset, Report]:
    data = blobs(400, seed=3, noise=0.2)
    vectors = data.table[[f"x{i}" for i in range(6)]].to_numpy()
    return data, audit(data, checks=("labels",), given=Given(embeddings=vectors), seed=0)


def flipped(draw: tuple[Dataset, Report], percent: float, seed: int = 0) -> dict:
    return polluted(percent)(*draw, seed).rows("relabel")["to"].to_dict()


# -- the variant -------------------------------------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(percent=st.floats(1, 99), seed=st.integers(0, 9))
def test_as_many_labels_as_asked_become_another_class(draw, percent, seed):
    to = flipped(draw, percent, seed)

    assert len(to) == round(400 * percent / 100)
    assert all(label != draw[0].given[row] for row, label in to.items())
    assert set(to.values()) <= {str(c) for c in draw[0].classes}


@settings(max_examples=20, deadline=None)
@given(less=st.floats(1, 50), more=st.floats(1, 49), seed=st.integers(0, 9))
def test_what_a_smaller_share_flips_a_larger_one_flips_alike(draw, less, more, seed):
    small, large = flipped(draw, less, seed), flipped(draw, less + more, seed)

    assert small.items() <= large.items()


def test_another_seed_flips_other_rows_and_the_same_seed_the_same(draw):
    assert flipped(draw, 20, 0) == flipped(draw, 20, 0)
    assert flipped(draw, 20, 0).keys() != flipped(draw, 20, 1).keys()


def test_flips_go_the_way_that_the_draws_own_wrong_labels_went_and_elsewhere_too(draw):
    to = flipped(draw, 90)
    steps = [(int(label[1]) - int(draw[0].given[row][1])) % CLASSES for row, label in to.items()]
    share = np.bincount(steps, minlength=CLASSES) / len(steps)

    # the wrong labels here are of the next class: half of the flips follow them, the rest is spread over three classes
    assert share[1] == pytest.approx(0.5 + 0.5 / 3, abs=0.12)
    assert share[2:].min() > 0.08


def test_data_whose_labels_look_right_are_polluted_alike_in_every_direction():
    data = blobs(400, seed=3)
    report = audit(data, checks=("labels",), given=Given(embeddings=10 * np.eye(CLASSES)[data.labels] + 0.01 * np.random.default_rng(0).normal(size=(400, CLASSES))), seed=0)  # fmt: skip
    to = polluted(90)(data, report, 0).rows("relabel")["to"]
    steps = [(int(label[1]) - int(data.given[row][1])) % CLASSES for row, label in to.items()]

    assert len(report["labels"].findings) == 0
    assert np.bincount(steps, minlength=CLASSES)[1:] / len(steps) == pytest.approx(np.full(3, 1 / 3), abs=0.08)


def test_a_percentage_is_read_from_a_variants_name():
    assert percent_of("polluted:5") == 5.0
    assert percent_of("polluted:2.5") == 2.5
    assert percent_of("pruned") is None
    with pytest.raises(InputError, match="a percentage follows the colon"):
        percent_of("polluted:many")
    for percent in (0, 100, -3, float("nan")):
        with pytest.raises(InputError, match="between 0 and 100"):
            polluted(percent)


# -- backwards ---------------------------------------------------------------------------------------------------------


def law(share: float, h: float = 1.5, noise: float = 0.1) -> float:
    """Errors that follow the power law without a floor: 10 % with no wrong label."""
    return 0.1 * ((1 - noise) * (1 - share)) ** -h


def of_law(seeds: int = 5, spread: float = 0.0005, noise: float = 0.1, levels=(0.0, 0.05, 0.1, 0.2), seed: int = 0):
    rng = np.random.default_rng(seed)
    together = rng.normal(scale=0.01, size=seeds)  # what the versions of one seed have in common
    return {x: law(x, noise=noise) + together + rng.normal(scale=spread, size=seeds) for x in levels}


def test_of_the_law_itself_the_gain_is_found():
    found = extrapolate_backwards(of_law(spread=1e-6), [0.1] * 5)

    assert isinstance(found, Backwards)
    assert found.forms[0] == pytest.approx(law(0) - 0.1, rel=0.02)
    assert found.low < law(0) - 0.1 < found.high


def test_intervals_cover_the_gain_as_often_as_they_say():
    truth = law(0) - 0.1
    found = [extrapolate_backwards(of_law(spread=0.002, seed=s), [0.1] * 5, seed=s) for s in range(60)]
    covered = np.mean([f.low <= truth <= f.high for f in found])

    assert covered >= 0.9
    assert np.median([f.high - f.low for f in found]) < 2 * truth


def test_where_pollution_costs_nothing_perfect_labels_bring_nothing():
    found = extrapolate_backwards({x: [0.1, 0.11, 0.09] for x in (0.0, 0.05, 0.1)}, [0.05] * 3)

    assert found.gain == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("errors", "noise", "why"),
    [
        ({0.0: [0.1] * 5, 0.05: [0.1] * 5}, [0.1] * 5, "2 polluted versions, there are 1"),
        ({0.0: [0.1] * 5}, [0.1] * 5, "2 polluted versions, there are 0"),
        (of_law(seeds=2), [0.1] * 2, "3 seeds with every version, there are 2"),
        ({**of_law(), 0.0: [0.0] * 5}, [0.1] * 5, "without an error"),
        (of_law(), [0.4] * 5, "too far to follow"),
        (of_law(), [1.0] * 5, "all labels"),
    ],
)
def test_what_cannot_be_told_is_refused_with_the_reason(errors, noise, why):
    found = extrapolate_backwards(errors, noise)

    assert isinstance(found, Refused)
    assert why in found.why


def test_it_comes_near_what_the_true_labels_bring_in_real_trainings():
    data, test = blobs(500, seed=1, noise=0.2), blobs(1500, seed=2)
    variants = ["raw", "oracle", *[Variant(f"polluted:{p}", polluted(p)) for p in (5, 10, 20)]]
    result = compare(data, test, variants=variants, sizes=[500], seeds=5, truth="truth")
    cells = {(c["variant"], c["seed"]): c for c in result.cells}
    errors = {
        p / 100: [1 - cells[v, s]["metrics"]["accuracy"] for s in range(5)]
        for p, v in ((0, "raw"), (5, "polluted:5"), (10, "polluted:10"), (20, "polluted:20"))
    }
    found = extrapolate_backwards(errors, [cells["raw", s]["noise"] for s in range(5)])
    oracle = result.contrast("oracle", 500, "linear")

    assert found.noise == pytest.approx(0.2, abs=0.03)
    assert oracle.verdict == "helps"
    assert found.low <= oracle.diff <= found.high
    # off by half at most: far nearer than to take wrong labels for harmless
    assert abs(found.gain - oracle.diff) < oracle.diff / 2
