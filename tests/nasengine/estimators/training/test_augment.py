import pytest
import torch

from nasengine.estimators.training.augment import augment, crop, cutout, flip
from tests.fixtures.training import config

IMAGES = torch.arange(2 * 2 * 4 * 5, dtype=torch.float32).view(2, 2, 4, 5) + 1


def both(value):
    return torch.tensor([value, value])


def test_a_centre_crop_does_not_change_an_image():
    assert (crop(IMAGES, 2, both(2), both(2)) == IMAGES).all()


def test_each_image_is_cropped_at_its_own_offset():
    cut = crop(IMAGES, 1, torch.tensor([0, 2]), torch.tensor([1, 0]))
    # The first image moved down by one pixel: a row of zeros on top, the last row is lost.
    assert (cut[0, :, 0] == 0).all()
    assert (cut[0, :, 1:] == IMAGES[0, :, :-1]).all()
    # The second image moved up and to the right by one pixel.
    assert (cut[1, :, -1] == 0).all()
    assert (cut[1, :, :, 0] == 0).all()
    assert (cut[1, :, :-1, 1:] == IMAGES[1, :, 1:, :-1]).all()


def test_only_the_selected_images_are_mirrored():
    flipped = flip(IMAGES, torch.tensor([True, False]))
    assert (flipped[0] == IMAGES[0].flip(-1)).all()
    assert (flipped[1] == IMAGES[1]).all()
    assert (flip(flipped, torch.tensor([True, False])) == IMAGES).all()


@pytest.mark.parametrize(
    ("side", "row", "column", "area"),
    [
        (4, 8, 8, 16),
        (5, 8, 8, 25),
        (1, 0, 0, 1),
        (4, 0, 8, 8),  # two of its four rows are above the image
        (4, 0, 0, 4),
        (4, 15, 15, 9),  # from 13 to 16: three rows and three columns remain
        (64, 8, 8, 256),
    ],
)
def test_cutout_hides_a_square_clipped_at_the_edges(side, row, column, area):
    hidden = cutout(torch.ones(2, 3, 16, 16), side, both(row), both(column)) == 0
    assert hidden.sum(dim=(2, 3)).unique().tolist() == [area]
    assert hidden[0, 0, row, column]


def test_disabled_augmentation_changes_neither_images_nor_generator():
    generator = torch.Generator().manual_seed(5)
    before = generator.get_state()
    assert augment(IMAGES, config(), generator) is IMAGES
    assert (generator.get_state() == before).all()


def test_augmentation_depends_only_on_its_generator():
    images = torch.randn(64, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    settings = config(crop=2, flip=True, cutout=3)

    def augmented(seed):
        return augment(images, settings, torch.Generator().manual_seed(seed))

    assert (augmented(1) == augmented(1)).all()
    assert (augmented(1) != augmented(2)).any()
    assert augmented(1).shape == images.shape


def test_flips_and_crop_offsets_are_uniformly_distributed():
    picture = torch.zeros(2000, 1, 5, 5)
    picture[:, 0, 2, 1] = 1
    generator = torch.Generator().manual_seed(0)
    mirrored = augment(picture, config(flip=True), generator)[:, 0, 2, 3]
    assert mirrored.mean().item() == pytest.approx(0.5, abs=0.05)
    shifted = augment(picture, config(crop=1), generator)
    # Nine positions with equal frequencies.
    share = shifted[:, 0, 1:4, 0:3].mean(dim=0)
    assert share.flatten().tolist() == pytest.approx([1 / 9] * 9, abs=0.03)
