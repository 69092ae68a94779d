import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.train.render.conftest import contrast, judged
from train.render import phrases

ENDS = st.floats(-3, 3, allow_nan=False)


def number(text: str) -> float:
    return float(text.replace("\u2212", "-"))


@given(ENDS, ENDS)
def test_a_printed_interval_has_the_verdict_of_the_true_one(a, b):
    low, high = sorted((a, b))
    # an end nearer to a bound than a float can hold apart is that bound
    low, high = (x if min(abs(x - k) for k in (0, 0.3, -0.3)) > 1e-6 else x + 1e-3 for x in (low, high))
    c = contrast("pruned", 100, ((low + high) / 2, low, high))
    shown = [number(x) for x in phrases.interval(c, 0.003).split(" to ")]

    assert judged(*shown) == c.verdict


@pytest.mark.parametrize(("mean", "shown"), [(0.04, "+0.04"), (2.0, "+2.0"), (-0.6, "−0.6")])
def test_a_decided_difference_keeps_its_sign(mean, shown):
    assert phrases.difference(contrast("pruned", 100, (mean, mean - 0.01, mean + 0.01))) == shown


@pytest.mark.parametrize("verdict", ["not enough seeds", "failed"])
def test_no_interval_without_a_verdict(verdict):
    assert phrases.interval(contrast("pruned", 100, (1, 0.5, 1.5), verdict=verdict), 0.003) == ""


def test_no_difference_where_nothing_finished():
    assert phrases.difference(contrast("pruned", 100, (0, 0, 0), verdict="failed")) == "–"


def test_no_number_is_ever_nan():
    assert re.fullmatch("–", phrases.signed(math.nan))


def test_log_loss_is_not_in_points():
    c = contrast("pruned", 100, (-1.2, -1.5, -0.9), metric="log_loss", verdict="helps")

    assert phrases.difference(c) == "−0.012"
    assert phrases.interval(c, 0.003) == "−0.015 to −0.009"


@pytest.mark.parametrize(
    ("variant", "said"),
    [("pruned", "pruning helps"), ("pruned+augmented", "pruning and augmenting help"), ("mine", "“mine” helps")],
)
def test_versions_are_told_as_deeds(variant, said):
    assert phrases.does(variant, "helps") == said
