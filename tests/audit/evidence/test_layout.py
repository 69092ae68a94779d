"""Places in the plane: who lies near whom, and how far the map is to be trusted."""

import numpy as np
import pytest
from sklearn.manifold import trustworthiness as reference

from audit.evidence.layout import NEAR, TRUST, layout, trustworthiness
from audit.neighbours import nearest
from tests.audit.toy import blobs


def points(kind, n=300):
    rng = np.random.default_rng(1)
    made = {
        "blobs": lambda: blobs(n)[0],
        "roll": lambda: np.stack(
            [(t := 5 * (1 + 2 * rng.random(n))) * np.cos(t), t * np.sin(t), 20 * rng.random(n)], 1
        ),
        "noise": lambda: rng.normal(size=(n, 40)),
        "line": lambda: rng.normal(size=(n, 1)),
        "hubs": lambda: rng.normal(size=(n, 100)) * (1 + rng.pareto(3, size=(n, 1))),
        "far": lambda: np.vstack([rng.normal(size=(n - 3, 4)), np.full((3, 4), 1e6)]),
    }
    return np.ascontiguousarray(made[kind](), dtype="float32")


@pytest.mark.parametrize(("kind", "least"), [("blobs", 0.93), ("roll", 0.97), ("line", 0.97)])
def test_neighbours_stay_neighbours(kind, least):
    made = points(kind)

    assert trustworthiness(made, layout(made)) > least


def test_rows_that_are_everybodys_neighbours_do_not_upset_the_map():
    made = points("hubs", 600)
    drawn_to = np.bincount(nearest(made, NEAR).indices.ravel())

    assert drawn_to.max() > 10 * NEAR
    assert trustworthiness(made, layout(made)) > 0.55  # steps of one length for all rows end near 0.5


def test_classes_that_lie_apart_lie_apart_on_the_map():
    values, labels = blobs(300)
    places = layout(values.astype("float32"))
    centres = np.stack([places[labels == k].mean(axis=0) for k in range(3)])
    nearest = np.linalg.norm(places[:, None] - centres, axis=2).argmin(axis=1)

    assert (nearest == labels).mean() > 0.97


@pytest.mark.parametrize("kind", ["blobs", "noise", "line", "far"])
def test_trustworthiness_is_scikit_learns(kind):
    made = points(kind)
    places = layout(made)

    assert trustworthiness(made, places) == pytest.approx(reference(made, places, n_neighbors=TRUST), abs=1e-3)


def test_places_drawn_by_lot_are_not_trusted():
    made = points("blobs")
    drawn = np.random.default_rng(2).normal(size=(len(made), 2)).astype("float32")

    assert 0.3 < trustworthiness(made, drawn) < 0.7


@pytest.mark.parametrize("n", [50, 51, 400])
@pytest.mark.parametrize("kind", ["blobs", "noise", "line", "far"])
def test_places_are_finite_and_not_all_in_one_place(kind, n):
    places = layout(points(kind, n))

    assert places.shape == (n, 2)
    assert np.isfinite(places).all()
    assert np.ptp(places, axis=0).max() > 1


def test_the_same_points_have_the_same_places_and_are_left_as_they_were():
    made = points("roll")
    before = made.copy()

    assert np.array_equal(layout(made), layout(made))
    assert np.array_equal(made, before)


def test_equal_rows_lie_together_without_hiding_one_another():
    made = np.repeat(points("blobs", 60), 5, axis=0)
    places = layout(made)
    sets = places.reshape(60, 5, 2)
    within = np.linalg.norm(sets - sets.mean(axis=1, keepdims=True), axis=2)

    assert within.max() < 0.1 * np.ptp(places)
    assert len(np.unique(places, axis=0)) == len(places)
