"""One training: what it depends on and what it does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from train.augment import augment
from train.fit.loop import fit, predict
from train.fit.recipe import Recipe, recipe_for


def data(n=120, seed=0):
    g = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 3, (n,), generator=g)
    return torch.randn((n, 6), generator=g) + 2 * torch.eye(3, 6)[labels], labels


def weights_of(fitted):
    return torch.cat([p.detach().flatten() for p in fitted.model.parameters()])


@pytest.mark.parametrize("model", ["linear", "mlp"])
def test_one_seed_one_result_whatever_ran_before(model):
    x, y = data()
    first = fit(x, y, torch.ones(len(y)), 3, recipe_for(model, epochs=3), seed=4, augment=augment)
    torch.manual_seed(99)
    torch.rand(1000)
    fit(x[:50], y[:50], torch.ones(50), 3, recipe_for(model, epochs=2), seed=5)
    again = fit(x, y, torch.ones(len(y)), 3, recipe_for(model, epochs=3), seed=4, augment=augment)

    assert torch.equal(weights_of(first), weights_of(again))


def test_training_leaves_the_global_generator_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    x, y = data()
    fit(x, y, torch.ones(len(y)), 3, recipe_for("mlp", epochs=2), seed=0)

    assert torch.equal(torch.rand(3), expected)


def test_a_weight_of_0_is_the_same_as_not_being_there():
    x, y = data()
    weights = torch.ones(len(y))
    weights[::3] = 0
    kept = weights > 0
    weighed = fit(x, y, weights, 3, recipe_for("linear", epochs=4), seed=1)
    dropped = fit(x[kept], y[kept], weights[kept], 3, recipe_for("linear", epochs=4), seed=1)

    assert torch.equal(weights_of(weighed), weights_of(dropped))


def test_weights_count_as_ratios():
    x, y = data()
    weights = torch.rand(len(y)) + 0.1
    one = fit(x, y, weights, 3, recipe_for("linear", epochs=4), seed=1)
    two = fit(x, y, 4 * weights, 3, recipe_for("linear", epochs=4), seed=1)

    assert torch.allclose(weights_of(one), weights_of(two), atol=1e-5)


def test_a_light_weight_lets_a_wrong_label_do_less_harm():
    x, y = data(300)
    wrong = torch.arange(len(y)) % 3 == 0
    noisy = torch.where(wrong, (y + 1) % 3, y)
    plain = fit(x, noisy, torch.ones(len(y)), 3, recipe_for("linear"), seed=0)
    light = fit(x, noisy, torch.where(wrong, 0.05, 1.0), 3, recipe_for("linear"), seed=0)
    x_test, y_test = data(1000, seed=9)

    def loss(fitted):
        return -predict(fitted.model, x_test)[torch.arange(1000), y_test].log().mean()

    assert loss(light) < loss(plain) - 0.05


def test_every_row_is_seen_once_an_epoch():
    fitted = fit(*data(128), torch.ones(128), 3, Recipe(epochs=7, batch=32, fewest_steps=1), seed=0)

    assert (fitted.steps, fitted.epochs, fitted.examples_seen) == (28, 7, 896)


@pytest.mark.parametrize("rows", [128, 129, 250, 257])
def test_an_epoch_is_an_epoch_however_many_rows_there_are(rows):
    fitted = fit(*data(rows), torch.ones(rows), 3, Recipe(epochs=5, batch=32, fewest_steps=1), seed=0)

    assert fitted.epochs == 5


def test_fewer_rows_than_a_batch_still_train():
    fitted = fit(*data(10), torch.ones(10), 3, Recipe(epochs=2, fewest_steps=5), seed=0)

    assert fitted.steps == 5


def test_a_budget_in_steps_does_not_depend_on_the_rows():
    recipe = recipe_for("linear", steps=33)

    assert {fit(*data(n), torch.ones(n), 3, recipe, seed=0).steps for n in (20, 200)} == {33}


def test_a_linear_head_is_no_worse_for_few_steps_from_a_start_at_0():
    x, y = data(600)
    accuracy = [
        (predict(fit(x, y, torch.ones(600), 3, Recipe(lr=1e-3, steps=n), seed=0).model, x).argmax(1) == y)
        .float()
        .mean()
        for n in (5, 500)
    ]

    assert accuracy[0] > accuracy[1] - 0.05


def test_the_cnn_learns_from_pictures():
    g = torch.Generator().manual_seed(0)
    y = torch.arange(120) % 2
    x = torch.randint(0, 60, (120, 1, 8, 8), generator=g, dtype=torch.uint8)
    x[y == 1, :, :, :4] += 150
    fitted = fit(x, y, torch.ones(120), 2, recipe_for("cnn", epochs=3), seed=0, augment=augment)

    assert (predict(fitted.model, x).argmax(1) == y).float().mean() > 0.95


def test_augmentation_keeps_shapes_and_shares():
    g = torch.Generator().manual_seed(0)
    targets = torch.eye(3)[torch.randint(0, 3, (32,), generator=g)]
    pictures, same = augment(torch.rand((32, 3, 16, 16), generator=g), targets, g)
    vectors, mixed = augment(torch.rand((32, 5), generator=g), targets, g)

    assert pictures.shape == (32, 3, 16, 16)
    assert torch.equal(same, targets)
    assert vectors.shape == (32, 5)
    assert np.allclose(mixed.sum(1), 1)
    assert (mixed.max(1).values >= 0.5).all()


def test_small_grey_pictures_are_never_mirrored():
    ramp = torch.arange(8.0).expand(64, 1, 8, 8)
    moved, _ = augment(ramp, torch.eye(64), torch.Generator().manual_seed(0))

    assert (moved.diff(dim=3) >= 0).all()
