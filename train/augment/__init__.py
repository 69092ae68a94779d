"""Batched augmentation on the device: `(x, targets, generator) → (x, targets)`, targets a row of class shares each.

name         fits       what it does
shift        pictures   moved by up to an eighth of the side in each direction, the edges repeated
crop         pictures   the same, black outside (padded and cropped)
flip         pictures   mirrored left to right in half of the cases; named, it does so to digits too
rotation     pictures   by up to 15 degrees            ┐
translation  pictures   by up to an eighth of the side ├ one bilinear sampling for the three, black outside
scaling      pictures   by 0.8 to 1.25                 ┘
randaugment  pictures   two of torchvision's table at magnitude 9 (Cubuk et al., NeurIPS 2020)
colour       pictures   brightness, contrast, saturation by 0.6 to 1.4
cutout       pictures   a square of half the side black (DeVries and Taylor, 2017)
mixup        both       with another row, by Beta(0.2, 0.2), targets alike (Zhang et al., ICLR 2018)
cutmix       pictures   a box of another row's picture, targets by its area (Yun et al., ICCV 2019)
noise        vectors    normal, of a tenth of a standard deviation
default      both       vectors: noise, mixup; pictures: shift, and flip where they are in colour and of at least 16
                        pixels (digits and letters must not be mirrored, and are grey here)

`augmentation("crop,flip,cutout")` makes one from names; they are applied in the order above, noise first.
"""

from train.augment.policy import DEFAULT, ORDER, Augment, Augmentation, augmentation, floats, take, take_each

augment = Augmentation(DEFAULT)

__all__ = ["DEFAULT", "ORDER", "Augment", "Augmentation", "augment", "augmentation", "floats", "take", "take_each"]
