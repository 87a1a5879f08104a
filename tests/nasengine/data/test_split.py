import numpy as np
import pytest

from nasengine.core.errors import EngineError
from nasengine.data.common.split import set_test_apart, split, stratified_order

# 100, 50 and 10 images of three classes in random order.
LABELS = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [100, 50, 10]))


@pytest.mark.parametrize("count", [16, 32, 48, 80, 144])
def test_every_prefix_of_the_order_is_stratified(count):
    counts = np.bincount(LABELS[stratified_order(LABELS, seed=3)[:count]], minlength=3)
    assert np.abs(counts - np.array([100, 50, 10]) * count / 160).max() <= 1


def test_an_order_is_a_permutation_determined_by_its_seed():
    order = stratified_order(LABELS, seed=3)
    assert sorted(order) == list(range(160))
    assert (order == stratified_order(LABELS, seed=3)).all()
    assert (order != stratified_order(LABELS, seed=4)).any()


def test_train_and_valid_are_disjoint_and_complete():
    train, valid = split(LABELS, 0.25, seed=0, limit=None)
    assert (len(train), len(valid)) == (120, 40)
    assert sorted([*train, *valid]) == list(range(160))
    assert np.bincount(LABELS[valid]).tolist() == [25, 12, 3]


def test_a_limit_takes_a_prefix_of_the_same_order():
    train, valid = split(LABELS, 0.25, seed=0, limit=80)
    assert sorted([*train, *valid]) == sorted(stratified_order(LABELS, 0)[:80])
    assert np.bincount(LABELS[[*train, *valid]]).tolist() == [50, 25, 5]


def test_the_test_part_is_a_stratified_fifth_disjoint_from_the_search_part():
    search, test = set_test_apart(LABELS)
    assert (len(search), len(test)) == (128, 32)
    assert not set(search) & set(test)
    assert np.bincount(LABELS[test]).tolist() == [20, 10, 2]


def test_a_part_without_an_image_for_each_class_is_refused():
    with pytest.raises(EngineError, match=r"valid_share 0.01 of 160 images leaves 158 .* 2 to"):
        split(LABELS, 0.01, seed=0, limit=None)
