"""The models, ours and torchvision's: what they take, what they refuse, and that their randomness is keyed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from audit.errors import InputError, UnknownName
from train.fit import zoo
from train.fit.loop import fit, predict
from train.fit.models import Drop, build, looks_at_pictures
from train.fit.recipe import RECIPES, Recipe


def logits_of(recipe, shape, classes=5, n=3):
    model = build(recipe, shape, classes).eval()
    return model(torch.rand((n, *shape)))


def stripes(n=96, side=8):
    """Pictures whose class is the half that is bright."""
    g = torch.Generator().manual_seed(0)
    y = torch.arange(n) % 2
    x = torch.randint(0, 60, (n, 1, side, side), generator=g, dtype=torch.uint8)
    x[y == 1, :, :, : side // 2] += 150
    return x, y


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (1, 28, 28), (3, 9, 20)])
@pytest.mark.parametrize("model", ["cnn", "resnet9"])
def test_pictures_of_any_size_have_a_logit_for_each_class(model, shape):
    assert logits_of(Recipe(model, width=8), shape).shape == (3, 5)


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 20)])
def test_torchvisions_resnet18_takes_small_pictures(shape):
    assert logits_of(Recipe("resnet18"), shape, n=2).shape == (2, 5)


def test_the_resnet9_has_eight_convolutions_one_linear_layer_and_the_width_asked_for():
    wide, narrow = (build(Recipe("resnet9", width=w), (3, 32, 32), 10) for w in (64, 8))
    convolutions = [m for m in wide.modules() if isinstance(m, nn.Conv2d)]

    assert [c.out_channels for c in convolutions] == [64, 128, 128, 128, 256, 512, 512, 512]
    assert sum(p.numel() for p in wide.parameters()) == 6_573_130
    assert [m.out_features for m in narrow.modules() if isinstance(m, nn.Linear)] == [10]
    assert next(m for m in narrow.modules() if isinstance(m, nn.Conv2d)).out_channels == 8


def test_the_resnet9_learns():
    x, y = stripes()
    fitted = fit(x, y, torch.ones(len(y)), 2, Recipe("resnet9", width=4, batch=32, steps=40, lr=1e-2), seed=0)

    assert (predict(fitted.model, x).argmax(1) == y).float().mean() > 0.95


def test_a_resnet_does_not_shrink_small_pictures_before_its_first_block():
    with torch.device("meta"):
        small, large = (zoo.classifier("resnet18", (3, side, side), 2) for side in (32, zoo.SMALL))

    assert small.conv1.kernel_size == (3, 3)
    assert small.conv1.stride == (1, 1)
    assert isinstance(small.maxpool, nn.Identity)
    assert large.conv1.kernel_size == (7, 7)
    assert isinstance(large.maxpool, nn.MaxPool2d)


@pytest.mark.parametrize("name", ["squeezenet1_1", "shufflenet_v2_x0_5", "regnet_y_400mf"])
def test_other_classifiers_of_torchvision_take_grey_and_coloured_pictures(name):
    for channels in (1, 3):
        assert logits_of(Recipe(name), (channels, 32, 32), n=2).shape == (2, 5)


def test_a_vision_transformer_is_told_the_size_of_the_pictures():
    with torch.device("meta"):
        assert zoo.classifier("vit_b_32", (3, 64, 64), 2).seq_length == 5


@pytest.mark.parametrize(
    ("name", "shape"),
    [("alexnet", (3, 32, 32)), ("vgg11", (1, 28, 28)), ("vit_b_16", (3, 30, 30)), ("resnet50", (4, 1))],
)
def test_a_model_that_cannot_take_the_pictures_says_which_and_of_what_size(name, shape):
    if len(shape) == 3:
        with pytest.raises(InputError, match=f"model {name} cannot take pictures of {shape[2]} x {shape[1]} pixels"):
            build(Recipe(name), shape, 2)
    else:
        with pytest.raises(InputError, match=f"model {name} looks at pictures"):
            build(Recipe(name), shape, 2)


def test_unknown_names_come_with_what_is_near():
    with pytest.raises(UnknownName, match="did you mean 'resnet18'"):
        build(Recipe("resnet_18"), (3, 32, 32), 2)
    with pytest.raises(UnknownName, match="did you mean 'resnet9'"):
        build(Recipe("resnet-9"), (3, 32, 32), 2)
    with pytest.raises(InputError, match="boosting is no network"):
        build(Recipe("boosting"), (4,), 2)


def test_which_models_look_at_pictures():
    looks = {name: looks_at_pictures(name) for name in ("linear", "mlp", "boosting", "cnn", "resnet9", "vgg11", "none")}

    assert [name for name, does in looks.items() if does] == ["cnn", "resnet9", "vgg11"]
    assert all(r.model == name for name, r in RECIPES.items())


def test_random_layers_of_torchvision_follow_from_the_seed():
    with torch.device("meta"):
        model = build(Recipe("efficientnet_b0"), (3, 32, 32), 2)
    drops = [m for m in model.modules() if isinstance(m, Drop) and m.p]
    own = [m for m in build(Recipe("mobilenet_v3_small", dropout=0.4), (3, 32, 32), 2).modules() if isinstance(m, Drop)]

    assert sum(d.whole for d in drops) == 15
    assert not [m for m in model.modules() if type(m).__name__ in ("Dropout", "StochasticDepth")]
    assert [d.p for d in own] == [0.4]


def test_an_example_is_dropped_whole_or_kept_whole():
    drop = Drop(0.5, whole=True).train()
    drop.key = torch.tensor(3, dtype=torch.int32)
    out = drop(torch.ones(64, 4, 2, 2))

    assert set(out.flatten().tolist()) == {0.0, 2.0}
    assert all(len(row.unique()) == 1 for row in out)
    assert torch.equal(drop.eval()(out), out)


def test_a_torchvision_model_trains_to_the_same_weights_twice():
    x, y = stripes(24, 32)
    recipe = replace(Recipe("mobilenet_v3_small", batch=8, lr=1e-3), steps=2)
    first, again = (fit(x, y, torch.ones(24), 2, recipe, seed=5) for _ in range(2))

    assert all(torch.equal(p, q) for p, q in zip(first.model.parameters(), again.model.parameters(), strict=True))
