import pytest
import torch

from nasengine.estimators.training.augment import augment, crop, cutout, flip
from tests.fixtures.training import config

IMAGES = torch.arange(2 * 2 * 4 * 5, dtype=torch.float32).view(2, 2, 4, 5) + 1


def both(value):
    return torch.tensor([value, value])


def test_a_crop_in_the_middle_changes_nothing():
    assert (crop(IMAGES, 2, both(2), both(2)) == IMAGES).all()


def test_each_image_is_cut_at_its_own_offset():
    cut = crop(IMAGES, 1, torch.tensor([0, 2]), torch.tensor([1, 0]))
    # The first moved one down: a black row above, its last row gone.
    assert (cut[0, :, 0] == 0).all()
    assert (cut[0, :, 1:] == IMAGES[0, :, :-1]).all()
    # The second moved one up and one to the right.
    assert (cut[1, :, -1] == 0).all()
    assert (cut[1, :, :, 0] == 0).all()
    assert (cut[1, :, :-1, 1:] == IMAGES[1, :, 1:, :-1]).all()


def test_only_the_chosen_images_are_mirrored():
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
        (4, 0, 8, 8),  # two of its four rows lie above the image
        (4, 0, 0, 4),
        (4, 15, 15, 9),  # from 13 to 16: three rows and three columns are left
        (64, 8, 8, 256),
    ],
)
def test_cutout_hides_a_square_cut_off_at_the_edges(side, row, column, area):
    hidden = cutout(torch.ones(2, 3, 16, 16), side, both(row), both(column)) == 0
    assert hidden.sum(dim=(2, 3)).unique().tolist() == [area]
    assert hidden[0, 0, row, column]


def test_without_settings_images_stay_and_no_number_is_drawn():
    generator = torch.Generator().manual_seed(5)
    before = generator.get_state()
    assert augment(IMAGES, config(), generator) is IMAGES
    assert (generator.get_state() == before).all()


def test_augmentation_follows_its_generator():
    images = torch.randn(64, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    settings = config(crop=2, flip=True, cutout=3)

    def once(seed):
        return augment(images, settings, torch.Generator().manual_seed(seed))

    assert (once(1) == once(1)).all()
    assert (once(1) != once(2)).any()
    assert once(1).shape == images.shape


def test_flips_are_about_half_and_crops_reach_every_offset():
    picture = torch.zeros(2000, 1, 5, 5)
    picture[:, 0, 2, 1] = 1
    generator = torch.Generator().manual_seed(0)
    mirrored = augment(picture, config(flip=True), generator)[:, 0, 2, 3]
    assert mirrored.mean().item() == pytest.approx(0.5, abs=0.05)
    moved = augment(picture, config(crop=1), generator)
    # Nine places, each about as often as the others.
    share = moved[:, 0, 1:4, 0:3].mean(dim=0)
    assert share.flatten().tolist() == pytest.approx([1 / 9] * 9, abs=0.03)
