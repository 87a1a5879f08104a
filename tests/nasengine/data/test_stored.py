import numpy as np
import pytest

from nasengine.core.errors import EngineError
from nasengine.data.common.named import named_dataset
from nasengine.data.common.stored import Stored, channel_statistics, digest_of

DIGITS_DIGEST = "3bdcbf898d4e4ae2f3de959032fd61698f9cfd69ee85a8f024b3c115d56ec81a"


def test_digits_have_the_recorded_digest():
    facts = named_dataset("digits", {}).facts()
    assert (facts.train, facts.valid, facts.test) == (1078, 360, 359)
    assert (facts.shape, facts.classes) == ((1, 8, 8), 10)
    assert facts.digest == DIGITS_DIGEST


def test_settings_change_the_split_but_neither_digest_nor_test_part():
    default, other = named_dataset("digits", {}), named_dataset("digits", {"split_seed": 1})
    assert other.facts() == default.facts()
    assert (other.test_part().labels == default.test_part().labels).all()
    assert (other.search_parts()[1].labels != default.search_parts()[1].labels).any()
    small = named_dataset("digits", {"limit": 100, "valid_share": 0.5}).facts()
    assert (small.train, small.valid, small.test) == (50, 50, 359)
    assert small.digest == DIGITS_DIGEST


def grey_step(part):
    """Return the difference of the two darkest pixel values."""
    darkest = part.images.unique()
    return (darkest[1] - darkest[0]).item()


def test_every_part_is_normalised_with_the_statistics_of_the_train_part():
    dataset = named_dataset("digits", {})
    train, valid = dataset.search_parts()
    assert train.images.mean().item() == pytest.approx(0, abs=1e-6)
    assert train.images.std(correction=0).item() == pytest.approx(1, abs=1e-6)
    assert 0 < abs(valid.images.mean().item()) < 0.05
    # One grey step has the same length in every part.
    step = grey_step(train)
    for part in (valid, dataset.test_part()):
        assert grey_step(part) == pytest.approx(step, rel=1e-5)


def test_channel_statistics_equal_those_of_numpy():
    images = np.random.default_rng(0).integers(0, 256, (9, 3, 5, 4), dtype=np.uint8)
    mean, deviation = channel_statistics(images)
    assert mean == pytest.approx(images.mean(axis=(0, 2, 3)))
    assert deviation == pytest.approx(images.std(axis=(0, 2, 3)))
    assert channel_statistics(np.full((2, 1, 3, 3), 9, np.uint8))[1] == [1.0]


def test_digests_depend_on_shape_and_type_but_not_on_byte_order():
    array = np.arange(6, dtype=np.int64)
    assert digest_of(array) == digest_of(array.astype(">i8"))
    different = [array, array.reshape(2, 3), array.astype(np.int32), array + 1]
    assert len({digest_of(array) for array in different}) == 4


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([0, 1, 1], 2, "2 images have 3 labels"),
        ([0, 2], 2, "labels range from 0 to 2: with 2 classes they must be 0 to 1"),
        ([-1, 1], 2, "labels range from -1"),
        ([0, 0], 1, "1 class found"),
    ],
)
def test_invalid_labels_are_refused(labels, classes, message):
    images = np.zeros((2, 1, 4, 4), np.uint8)
    with pytest.raises(EngineError, match=message):
        Stored(images, np.array(labels), images, np.array([0, 1]), classes, "")
