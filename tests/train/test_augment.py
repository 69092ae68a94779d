"""Each augmentation against torchvision or plain loops, one picture at a time; what every policy keeps; names."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as reference

from audit.errors import InputError, UnknownName
from train.augment import DEFAULT, Augmentation, augment, augmentation, floats, take, take_each
from train.augment.affine import AFFINE, Placing, draw_placing, inverse, sampled
from train.augment.colour import Factors, adjusted, draw_factors, jittered
from train.augment.mixing import (
    Boxes,
    Mixing,
    Pasting,
    cut,
    draw_cutmix,
    draw_cutout,
    draw_mixup,
    draw_partners,
    mixed,
    pasted,
)
from train.augment.moves import MOVES, Moves, draw_moves, moved, reach
from train.augment.policy import ON_PICTURES, ON_VECTORS
from train.augment.randaugment import BLENDS, GEOMETRY, LAYERS, OPERATIONS, Choices, changed, draw_choices
from train.fit.rng import generator

N, CLASSES = 12, 4
SHAPES = [(3, 32, 32), (1, 28, 28), (3, 17, 33), (1, 8, 8), (3, 5, 4)]
BILINEAR = {"interpolation": InterpolationMode.BILINEAR}


def some(shape, n=N, seed=0):
    """uint8 pictures at random."""
    return torch.randint(0, 256, (n, *shape), dtype=torch.uint8, generator=generator("some", seed))


def one_hot(n=N, seed=0):
    return torch.eye(CLASSES)[torch.randint(CLASSES, (n,), generator=generator("labels", seed))]


def both(x, policy, *key):
    return augmentation(policy)(x, one_hot(len(x)), generator(*key))


# -- the default, which finished comparisons were trained with -----------------------------------------------------------


def as_before(x, targets, g):
    """The augmentation as it was before it had names."""
    if x.dim() == 2:
        x = x + 0.1 * torch.randn(x.shape, generator=g)
        gamma = torch._standard_gamma(torch.full((2, len(x)), 0.2), generator=g)
        share = gamma[0] / gamma.sum(dim=0).clamp_min(1e-12)
        share = torch.maximum(share, 1 - share)[:, None]
        other = torch.randperm(len(x), generator=g)
        return share * x + (1 - share) * x[other], share * targets + (1 - share) * targets[other]
    n, channels, height, width = x.shape
    by_y, by_x = max(1, height // 8), max(1, width // 8)
    dy = torch.randint(-by_y, by_y + 1, (n, 1), generator=g)
    dx = torch.randint(-by_x, by_x + 1, (n, 1), generator=g)
    rows = (torch.arange(height)[None] + dy).clamp(0, height - 1)
    columns = (torch.arange(width)[None] + dx).clamp(0, width - 1)
    if channels == 3 and min(height, width) >= 16:
        columns = torch.where(torch.rand((n, 1), generator=g) < 0.5, width - 1 - columns, columns)
    which = torch.arange(n)[:, None, None]
    return x.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2), targets


@pytest.mark.parametrize("shape", [*SHAPES, (20,)])
def test_the_default_is_what_it_was_to_the_last_bit_and_in_memory(shape):
    x = floats(some(shape)) if len(shape) == 3 else torch.randn((N, *shape), generator=generator(1))

    got, expected = augment(x, one_hot(), generator(2)), as_before(x, one_hot(), generator(2))

    assert all(torch.equal(a, b) for a, b in zip(got, expected, strict=True))
    assert got[0].stride() == expected[0].stride()  # convolutions round differently by layout


def test_the_default_mirrors_only_colour_pictures_that_are_large_enough():
    steps = {shape: augment.steps_for(shape) for shape in ((3, 32, 32), (1, 28, 28), (3, 8, 8), (54,))}

    assert steps == {
        (3, 32, 32): ("shift", "flip"),
        (1, 28, 28): ("shift",),
        (3, 8, 8): ("shift",),
        (54,): ("noise", "mixup"),
    }


# -- moves -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("names", [("crop", "flip"), ("shift", "flip"), ("crop",), ("flip",)])
def test_moves_are_torchvisions_mirror_pad_and_crop(shape, names):
    x = some(shape)
    moves = draw_moves(names, x.shape, generator(3))

    got = moved(x, moves)

    by_y, by_x = reach(shape[1]), reach(shape[2])
    mode = "constant" if "crop" in names else "edge"
    for i in range(N):
        turned = reference.hflip(x[i]) if moves.mirrored[i] else x[i]
        padded = reference.pad(turned, [by_x, by_y], padding_mode=mode)
        expected = reference.crop(padded, by_y + int(moves.down[i]), by_x + int(moves.right[i]), *shape[1:])
        assert torch.equal(got[i], expected)
    assert torch.equal(moved(floats(x), moves), floats(got))


def test_crop_is_pillows():
    x = some((3, 32, 32))
    moves = draw_moves(("crop", "flip"), x.shape, generator(4))

    got = moved(x, moves)

    for i in range(N):
        picture = Image.fromarray(np.ascontiguousarray(x[i].permute(1, 2, 0).numpy()))
        turned = ImageOps.mirror(picture) if moves.mirrored[i] else picture
        left, top = 4 + int(moves.right[i]), 4 + int(moves.down[i])
        expected = ImageOps.expand(turned, 4).crop((left, top, left + 32, top + 32))
        assert np.array_equal(got[i].permute(1, 2, 0).numpy(), np.asarray(expected))


def test_moves_reach_every_offset_and_both_sides():
    moves = draw_moves(("crop", "flip"), torch.Size((4000, 3, 32, 16)), generator(5))

    assert set(moves.down.tolist()) == set(range(-4, 5))
    assert set(moves.right.tolist()) == {-2, -1, 0, 1, 2}
    assert 0.45 < moves.mirrored.float().mean() < 0.55


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_moves_do_not_depend_on_how_the_batch_lies_in_memory(layout):
    x = some((3, 16, 16))
    moves = draw_moves(MOVES, x.shape, generator(6))

    assert torch.equal(moved(x.to(memory_format=layout), moves), moved(x, moves))
    assert torch.equal(moved(some((3, 32, 16))[:, :, ::2], moves), moved(some((3, 32, 16))[:, :, ::2].clone(), moves))


# -- affine ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_rotation_translation_and_scaling_are_torchvisions(shape):
    x = floats(some(shape))
    drawn = draw_placing(AFFINE, x.shape, generator(7))

    got = sampled(x, inverse(drawn))

    for i in range(N):
        degrees, right, down, scale = (float(v[i]) for v in (drawn.degrees, drawn.right, drawn.down, drawn.scale))
        expected = reference.affine_image(x[i], degrees, [right, down], scale, [0.0, 0.0], **BILINEAR)
        torch.testing.assert_close(got[i], expected, rtol=0, atol=1e-4)


def test_a_quarter_turn_is_exact():
    x = floats(some((3, 9, 9)))
    nothing = torch.zeros(N)

    got = sampled(x, inverse(Placing(nothing + 90, nothing, nothing, nothing + 1)))

    torch.testing.assert_close(got, x.rot90(-1, dims=(2, 3)), rtol=0, atol=1e-4)  # clockwise


def test_white_stays_white_at_most():
    x = torch.ones(500, 1, 33, 17)

    # four weights that should add up to 1 add up to a little more in some pixels
    assert sampled(x, inverse(draw_placing(AFFINE, x.shape, generator(0)))).max() <= 1


def test_what_is_not_named_is_not_drawn():
    drawn = draw_placing(("rotation",), torch.Size((50, 1, 8, 8)), generator(8))

    assert drawn.degrees.unique().numel() == 50
    assert drawn.degrees.abs().max() <= 15
    assert drawn.right.any() == drawn.down.any() == False  # noqa: E712
    assert (drawn.scale == 1).all()


# -- colour ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
def test_jitter_is_torchvisions_brightness_contrast_and_saturation(channels):
    x = floats(some((channels, 16, 16)))
    factors = draw_factors(x.shape, generator(9))

    got = jittered(x, factors)

    for i in range(N):
        one = reference.adjust_brightness(x[i], float(factors.brightness[i]))
        one = reference.adjust_contrast(one, float(factors.contrast[i]))
        one = reference.adjust_saturation(one, float(factors.saturation[i]))
        torch.testing.assert_close(got[i], one, rtol=0, atol=1e-6)
    drawn = torch.stack([factors.brightness, factors.contrast, factors.saturation])
    assert (drawn - 1).abs().max() <= 0.4
    assert drawn.unique().numel() == 3 * N


@pytest.mark.parametrize("channels", [1, 3])
def test_sharpness_is_torchvisions(channels):
    x, factors = floats(some((channels, 16, 16))), torch.linspace(0, 2, N)

    got = adjusted(x, "sharpness", factors)

    for i in range(N):
        expected = reference.adjust_sharpness(x[i], float(factors[i]))
        torch.testing.assert_close(got[i], expected, rtol=0, atol=1e-5)


# -- RandAugment -------------------------------------------------------------------------------------------------------


def by_torchvision(name, picture, sign):
    """One operation at magnitude 9 of 31 bins, as torchvision's RandAugment calls it."""
    height, width = picture.shape[1:]
    still = {"angle": 0.0, "translate": [0, 0], "scale": 1.0, "shear": [0.0, 0.0], **BILINEAR}
    shear, factor = sign * math.degrees(math.atan(0.09)), 1 + sign * 0.27
    corner = {"center": [0, 0]}
    return {
        "nothing": lambda: picture,
        "shear across": lambda: reference.affine(picture, **{**still, **corner, "shear": [shear, 0.0]}),
        "shear along": lambda: reference.affine(picture, **{**still, **corner, "shear": [0.0, shear]}),
        "move across": lambda: reference.affine(
            picture, **{**still, "translate": [int(sign * 0.3 * 150 / 331 * width), 0]}
        ),
        "move along": lambda: reference.affine(
            picture, **{**still, "translate": [0, int(sign * 0.3 * 150 / 331 * height)]}
        ),
        "rotate": lambda: reference.rotate(picture, -9.0 * sign, **BILINEAR),
        "brightness": lambda: reference.adjust_brightness(picture, factor),
        "saturation": lambda: reference.adjust_saturation(picture, factor),
        "contrast": lambda: reference.adjust_contrast(picture, factor),
        "sharpness": lambda: reference.adjust_sharpness(picture, factor),
        "posterize": lambda: floats(reference.posterize((255 * picture).round().byte(), 7)),
        "solarize": lambda: reference.solarize(picture, 0.7),
        "autocontrast": lambda: reference.autocontrast(picture),
        "equalize": lambda: reference.equalize(picture),
    }[name]()


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28), (3, 17, 33)])
def test_each_operation_of_randaugment_is_torchvisions(shape):
    n = 2 * len(OPERATIONS)
    x = floats(some(shape, n))
    operations, signs = torch.arange(n)[:, None] // 2, 1 - 2 * (torch.arange(n)[:, None] % 2)

    got = changed(x, Choices(operations, signs))

    for i in range(n):
        expected = by_torchvision(OPERATIONS[i // 2], x[i], int(signs[i]))
        torch.testing.assert_close(got[i], expected, rtol=0, atol=1e-4, msg=lambda m, i=i: f"{OPERATIONS[i // 2]}: {m}")


def test_the_layers_of_randaugment_follow_one_another():
    x = floats(some((3, 16, 16)))
    choices = draw_choices(x.shape, generator(10))

    first, second = (Choices(choices.operations[:, [k]], choices.signs[:, [k]]) for k in range(LAYERS))

    assert torch.equal(changed(x, choices), changed(changed(x, first), second))


def test_every_operation_and_sign_is_drawn_equally_often():
    choices = draw_choices((14_000, 3, 8, 8), generator(11))

    counts = torch.bincount(choices.operations.flatten(), minlength=len(OPERATIONS)).double()
    assert ((counts / counts.sum() * len(OPERATIONS) - 1).abs() < 0.1).all()
    assert set(choices.signs.unique().tolist()) == {-1, 1}
    assert choices.signs.double().mean().abs() < 0.05


# -- what is cut out and mixed -----------------------------------------------------------------------------------------


def side(boxes: Boxes, i):
    return tuple(int(v[i]) for v in (boxes.top, boxes.bottom, boxes.left, boxes.right))


@pytest.mark.parametrize("shape", SHAPES)
def test_cutout_is_torchvisions_erase_of_a_square_cut_to_the_picture(shape):
    x = floats(some(shape, 100))
    boxes = draw_cutout(x.shape, generator(12))

    got = cut(x, boxes)

    for i in range(100):
        top, bottom, left, right = side(boxes, i)
        assert torch.equal(got[i], reference.erase(x[i], top, left, bottom - top, right - left, torch.zeros(())))
    half = 2 * (min(shape[1:]) // 4)
    whole = boxes.area.max()
    assert whole == half**2  # wholly inside
    assert boxes.area.min() < whole  # over an edge


@pytest.mark.parametrize("shape", SHAPES)
def test_cutmix_mixes_targets_by_the_pixels_that_really_came_from_the_other(shape):
    n = 60
    x = (torch.arange(n) / n)[:, None, None, None].expand(n, *shape)
    drawn = draw_cutmix(x.shape, generator(13))
    other = torch.arange(n) + drawn.ahead

    got, shares = pasted(x, torch.eye(n), drawn)

    assert sorted(other.tolist()) == list(range(n))
    for i in range(n):
        top, bottom, left, right = side(drawn.boxes, i)
        expected = x[i].clone()
        expected[:, top:bottom, left:right] = x[other[i], :, top:bottom, left:right]
        assert torch.equal(got[i], expected)
        if other[i] != i:
            assert shares[i, other[i]] == pytest.approx(float((got[i, 0] != x[i, 0]).float().mean()), abs=1e-6)
        assert shares[i].sum() == pytest.approx(1, abs=1e-6)


def test_cutmix_boxes_have_a_uniform_share_of_the_picture_before_they_are_cut():
    boxes = draw_cutmix((20_000, 3, 64, 64), generator(15)).boxes

    inner = (boxes.top > 0) & (boxes.bottom < 64) & (boxes.left > 0) & (boxes.right < 64)
    sides = (boxes.bottom - boxes.top)[inner]
    assert ((boxes.right - boxes.left)[inner] == sides).all()
    # E = 1/2 for a uniform share; cut boxes cover less
    assert 0.3 < float(boxes.area.double().mean()) / 64**2 < 0.5
    assert float(boxes.area.double().max()) / 64**2 > 0.85


@pytest.mark.parametrize("shape", [(3, 8, 8), (5,)])
def test_mixup_is_the_same_mean_of_examples_and_targets(shape):
    x = torch.rand((N, *shape), generator=generator(16), dtype=torch.float64)
    targets, drawn = one_hot().double(), draw_mixup(x.shape, generator(17))
    other = torch.arange(N) + drawn.ahead

    got, mixed_targets = mixed(x, targets, drawn)

    assert sorted(other.tolist()) == list(range(N))
    for i in range(N):
        s = float(drawn.shares[i])
        assert torch.equal(got[i], s * x[i] + (1 - s) * x[other[i]])
        assert torch.equal(mixed_targets[i], s * targets[i] + (1 - s) * targets[other[i]])


def test_mixups_shares_are_the_larger_part_of_a_beta():
    shares = draw_mixup((20_000, 5), generator(19)).shares.double()
    expected = np.random.default_rng(0).beta(0.2, 0.2, 20_000)

    assert shares.min() >= 0.5
    assert float(shares.mean()) == pytest.approx(np.maximum(expected, 1 - expected).mean(), abs=0.005)


def test_noise_is_a_tenth_of_a_standard_deviation():
    x = torch.zeros(200, 100)

    noise, targets = both(x, "noise", 20)

    assert float(noise.std()) == pytest.approx(0.1, rel=0.05)
    assert torch.equal(targets, one_hot(200))


# -- nothing asked, nothing done ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_at_zero_magnitude_nothing_changes(shape):
    bytes_ = some(shape).clamp(max=254)  # solarizing at no strength still turns pure white
    x, nothing, ones = floats(bytes_), torch.zeros(N, dtype=torch.int64), torch.ones(N)

    for edge in ("black", "repeated"):
        assert torch.equal(moved(bytes_, Moves(nothing, nothing, nothing.bool(), edge)), bytes_)
    still = inverse(Placing(nothing.float(), nothing.float(), nothing.float(), ones))
    torch.testing.assert_close(sampled(x, still), x, rtol=0, atol=1e-5)
    assert torch.equal(jittered(x, Factors(ones, ones, ones)), x)
    kept = [OPERATIONS.index(name) for name in ("nothing", *GEOMETRY, *BLENDS, "posterize", "solarize")]
    operations = torch.tensor(kept)[torch.arange(N) % len(kept)][:, None]
    unchanged = changed(x, Choices(operations, torch.ones(N, 1, dtype=torch.int64)), strength=0.0)
    torch.testing.assert_close(unchanged, x, rtol=0, atol=1e-5)
    boxes, ahead = Boxes(*[nothing[:, None]] * 4), draw_partners(N, generator(0))
    assert torch.equal(cut(x, boxes), x)
    for alone in (pasted(x, one_hot(), Pasting(boxes, ahead)), mixed(x, one_hot(), Mixing(ones, ahead))):
        assert torch.equal(alone[0], x)
        assert torch.equal(alone[1], one_hot())


# -- what every policy keeps -------------------------------------------------------------------------------------------

policies = st.lists(st.sampled_from(ON_PICTURES), min_size=1, max_size=5, unique=True).filter(
    lambda names: not {"shift", "crop"} <= set(names)
)
shapes = st.tuples(st.sampled_from([1, 3]), st.integers(3, 20), st.integers(3, 20))


@settings(max_examples=40, deadline=None)
@given(names=policies, shape=shapes, n=st.integers(1, 9), seed=st.integers(0, 1000))
def test_any_policy_keeps_shape_range_targets_and_its_input(names, shape, n, seed):
    x, targets = some(shape, n, seed), one_hot(n, seed)
    before, state = x.clone(), torch.random.get_rng_state()
    policy = augmentation(",".join(names))

    got, shares = policy(floats(x), targets, generator(seed))
    again = policy(x, targets, generator(seed))

    assert got.shape == x.shape
    assert got.dtype == torch.float32
    assert got.min() >= 0
    assert got.max() <= 1
    assert shares.min() >= 0
    assert (shares.sum(dim=1) - 1).abs().max() < 1e-6
    # the same generator gives the same result, from bytes as from floats, and no other generator is touched
    assert torch.equal(got, again[0])
    assert torch.equal(shares, again[1])
    assert torch.equal(x, before)
    assert torch.equal(targets, one_hot(n, seed))
    assert torch.equal(torch.random.get_rng_state(), state)


@settings(max_examples=25, deadline=None)
@given(shape=shapes, seed=st.integers(0, 1000))
def test_a_batch_is_its_pictures_one_by_one(shape, seed):
    n = 7
    x, g = floats(some(shape, n, seed)), generator(seed)
    moves, placing = draw_moves(("crop", "flip"), x.shape, g), draw_placing(AFFINE, x.shape, g)
    factors, choices, boxes = draw_factors(x.shape, g), draw_choices(x.shape, g), draw_cutout(x.shape, g)

    def part(value, i):
        return replace(value, **{k: v[i : i + 1] for k, v in vars(value).items() if isinstance(v, torch.Tensor)})

    for i in range(n):
        own = x[i : i + 1]
        assert torch.equal(moved(own, part(moves, i))[0], moved(x, moves)[i])
        assert torch.equal(sampled(own, inverse(part(placing, i)))[0], sampled(x, inverse(placing))[i])
        assert torch.equal(jittered(own, part(factors, i))[0], jittered(x, factors)[i])
        assert torch.equal(cut(own, part(boxes, i))[0], cut(x, boxes)[i])
        for k in range(LAYERS):
            layer = Choices(choices.operations[:, [k]], choices.signs[:, [k]])
            assert torch.equal(changed(own, part(layer, i))[0], changed(x, layer)[i])


@pytest.mark.parametrize("policy", ["noise", "mixup", "noise,mixup"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_vectors_keep_their_shape_and_type(policy, dtype):
    x = torch.randn((N, 6), generator=generator(21)).to(dtype)

    got, shares = both(x, policy, 22)
    again, _ = both(x, policy, 22)

    assert got.shape == x.shape
    assert got.dtype == dtype
    assert torch.equal(got, again)
    assert (shares.sum(dim=1) - 1).abs().max() < 1e-6


def test_different_generators_give_different_batches():
    x = some((3, 16, 16))

    for policy in ON_PICTURES:
        assert not torch.equal(both(x, policy, 0)[0], both(x, policy, 1)[0]), policy


def test_rows_taken_from_a_pool_are_the_batch_of_them():
    pool, rows, targets = some((3, 16, 16), 40), torch.tensor([7, 3, 39, 3]), one_hot(4)

    for policy in (DEFAULT, "crop,flip,randaugment,cutmix"):
        got = augmentation(policy).take(pool, rows, targets, generator(23))
        expected = augmentation(policy)(floats(pool[rows]), targets, generator(23))
        assert all(torch.equal(a, b) for a, b in zip(got, expected, strict=True))


@pytest.mark.parametrize("policy", [DEFAULT, *ON_PICTURES, "crop,flip,randaugment,colour,mixup,cutmix"])
@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 9, 11)])
def test_cells_together_are_each_cell_alone_to_the_last_bit(policy, shape):
    pool, cells, n = some(shape, 50), 5, 16
    rows = torch.randint(50, (cells, n), generator=generator(25))
    targets = torch.stack([one_hot(n, m) for m in range(cells)])
    own = augmentation(policy)

    x, shares = take_each([own] * cells, pool, rows, targets, [generator("cell", m) for m in range(cells)])

    for m in range(cells):
        alone = own.take(pool, rows[m], targets[m], generator("cell", m))
        assert torch.equal(x[m], alone[0])
        assert torch.equal(shares[m], alone[1])


def test_cells_of_different_augmentations_are_each_taken_by_their_own():
    pool, rows = torch.rand((20, 6), generator=generator(26)), torch.arange(12).view(3, 4)
    targets = torch.stack([one_hot(4)] * 3)
    kinds = (None, augmentation("mixup"), lambda x, shares, g: (-x, shares))

    x, shares = take_each(kinds, pool, rows, targets, [generator(m) for m in range(3)])

    mixed_alone = augmentation("mixup")(pool[rows[1]], targets[1], generator(1))
    assert torch.equal(x, torch.stack([pool[rows[0]], mixed_alone[0], -pool[rows[2]]]))
    assert torch.equal(shares, torch.stack([targets[0], mixed_alone[1], targets[2]]))


def test_a_function_of_ones_own_is_handed_floats():
    pool, rows = some((3, 4, 4)), torch.tensor([2, 0])

    got, targets = take(lambda x, targets, g: (1 - x, targets), pool, rows, one_hot(2), generator(24))

    assert torch.equal(got, 1 - floats(pool[rows]))
    assert torch.equal(targets, one_hot(2))


@pytest.mark.parametrize("name", [DEFAULT, *ON_PICTURES])
def test_everything_happens_on_the_pools_device(name):
    # `meta` holds no values, is on every machine, and does not mix with the CPU
    pool = torch.zeros((9, 3, 16, 16), dtype=torch.uint8, device="meta")
    rows, targets = torch.zeros((2, 4), dtype=torch.int64, device="meta"), torch.zeros((2, 4, CLASSES), device="meta")

    x, shares = augmentation(name).take_each(pool, rows, targets, [generator(0), generator(1)])

    assert x.device.type == shares.device.type == "meta"
    assert x.shape == (2, 4, 3, 16, 16)


# -- names -------------------------------------------------------------------------------------------------------------


def test_a_policy_is_known_by_its_names_in_the_librarys_order():
    policy = augmentation(" cutmix, flip,crop,randaugment ")

    assert policy.policy == "crop,flip,randaugment,cutmix"
    assert policy == augmentation("randaugment,cutmix,crop,flip") != augmentation("crop,flip")
    assert hash(policy) == hash(augmentation("randaugment,cutmix,crop,flip"))
    assert pickle.loads(pickle.dumps(policy)) == policy
    assert augment == augmentation(DEFAULT) == Augmentation()


def test_pictures_and_vectors_can_have_a_policy_each():
    policy = augmentation("flip,crop/mixup,noise")

    assert policy.steps_for((3, 32, 32)) == ("crop", "flip")
    assert policy.steps_for((54,)) == ("noise", "mixup")
    assert augmentation("default/mixup").steps_for((1, 28, 28)) == ("shift",)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("crop,cutuot", "cutuot.*did you mean 'cutout'"),
        ("color", "did you mean 'colour'"),
    ],
)
def test_an_unknown_name_is_refused_with_what_is_near(policy, message):
    with pytest.raises(UnknownName, match=message):
        augmentation(policy)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("", "names nothing; there is default"),
        ("crop,flip,crop", "twice"),
        ("default,flip", "stands alone"),
        ("shift,crop", "take one"),
        ("crop/noise/mixup", "two parts"),
        ("noise/mixup", "noise is not for pictures; what is: shift, crop"),
        ("crop/flip", "flip is not for vectors; what is: noise, mixup"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(policy, message):
    with pytest.raises(InputError, match=message):
        augmentation(policy)


@pytest.mark.parametrize(
    ("policy", "shape", "message"),
    [
        ("crop,mixup", (54,), "crop is not for vectors; what is: noise, mixup"),
        ("noise", (3, 8, 8), "noise is not for pictures of 3 channels; what is: shift, crop, flip"),
        ("flip,colour", (4, 8, 8), "colour is not for pictures of 4 channels; what is: shift.*scaling, cutout"),
    ],
)
def test_a_policy_that_does_not_fit_the_examples_is_refused(policy, shape, message):
    with pytest.raises(InputError, match=message):
        augmentation(policy)(torch.zeros((2, *shape)), one_hot(2), generator(0))


def test_every_name_is_applied_to_something():
    for name in ON_PICTURES:
        assert augmentation(name).steps_for((3, 32, 32)) == (name,)
    for name in ON_VECTORS:
        assert augmentation(name).steps_for((54,)) == (name,)
