"""Random-resized crops and colour jitter: closed forms, ranges and seeds."""

from __future__ import annotations

import pytest
import torch

from nasengine.core.dataset import Preprocessing
from nasengine.estimators.training.augment import augment, denormalised, normalised
from nasengine.estimators.training.photometric import jitter, random_boxes, resized_crop
from tests.fixtures.training import config

PIXELS = Preprocessing((0.5, 0.4, 0.3), (0.2, 0.3, 0.25), 1 / 255)


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def test_boxes_lie_in_the_image_and_have_the_areas_of_inception():
    boxes = random_boxes(20_000, 0.08, chance())
    left, top, width, height = boxes.unbind(1)
    assert (boxes >= 0).all() and (left + width <= 1 + 1e-6).all()
    assert (top + height <= 1 + 1e-6).all()
    area, aspect = width * height, width / height
    assert area.min() > 0.079
    whole = (width < 1) & (height < 1)
    assert aspect[whole].min() > 0.74 and aspect[whole].max() < 1.34
    assert abs(float(area.mean()) - 0.53) < 0.02


def test_the_whole_image_is_left_as_it_is():
    images = torch.rand(2, 3, 8, 8)
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0]]).expand(2, 4)
    assert torch.allclose(resized_crop(images, boxes), images, atol=1e-6)


def test_a_crop_of_a_gradient_is_the_gradient_of_the_box():
    """Pixel centres of the cut are at known places, and bilinear reading of a ramp is exact."""
    ramp = ((torch.arange(16) + 0.5) / 16).expand(1, 1, 16, 16)
    cut = resized_crop(ramp, torch.tensor([[0.25, 0.1, 0.5, 0.5]]))
    expected = 0.25 + 0.5 * (torch.arange(16) + 0.5) / 16
    assert torch.allclose(cut, expected.expand(1, 1, 16, 16), atol=1e-6)


def test_normalisation_and_its_inverse():
    pixels = torch.rand(2, 3, 4, 4)
    assert torch.allclose(denormalised(normalised(pixels, PIXELS), PIXELS), pixels, atol=1e-6)


def test_jitter_of_zero_changes_nothing():
    pixels = torch.rand(2, 3, 4, 4)
    assert torch.allclose(jitter(pixels, 0.0, 0.0, chance()), pixels, atol=1e-6)


def test_brightness_and_contrast_keep_a_black_image_black():
    black = torch.zeros(3, 3, 4, 4)
    assert torch.equal(jitter(black, 0.4, 0.2, chance()), black)


def test_jitter_keeps_grey_images_grey_and_in_range():
    grey = torch.rand(50, 1, 4, 4).expand(50, 3, 4, 4)
    changed = jitter(grey, 0.4, 0.5, chance())
    assert torch.allclose(changed[:, 0], changed[:, 1], atol=5e-3)  # of the matrix's rounding
    assert changed.min() >= 0 and changed.max() <= 1
    assert not torch.allclose(changed, grey, atol=0.05)
    one = torch.rand(5, 1, 4, 4)
    assert jitter(one, 0.4, 0.5, chance()).shape == one.shape


def test_images_are_changed_by_different_amounts():
    same = torch.full((20, 3, 4, 4), 0.5)
    means = jitter(same, 0.4, 0.0, chance()).mean((1, 2, 3))
    assert len(set(means.tolist())) == 20
    assert means.min() >= 0.3 - 1e-6 and means.max() <= 0.7 + 1e-6


@pytest.mark.parametrize(
    "settings", [{"resized_crop": 0.08}, {"colour_jitter": 0.4}, {"hue_jitter": 0.2}]
)
def test_the_seed_decides_the_batch(settings):
    images = torch.randn(4, 3, 8, 8)
    made = [augment(images, config(**settings), chance(seed), PIXELS) for seed in (1, 1, 2)]
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])
    assert not torch.equal(made[0], images)


def test_settings_that_are_off_draw_nothing():
    """So trainings of earlier releases are repeated bit for bit."""
    generator = chance()
    augment(torch.randn(2, 3, 8, 8), config(), generator, PIXELS)
    assert torch.equal(generator.get_state(), chance().get_state())
