"""Contracts of every data set in the catalogue."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from nasengine.catalog import load, names
from nasengine.core.errors import DataMissing
from nasengine.core.settings import describe
from nasengine.data.common.named import named_dataset
from tests.fixtures.dataset_files import (
    write_cifar_python,
    write_class_folders,
    write_fashion,
    write_text_parts,
)

DATASETS = names("datasets")
IMAGES = [name for name in DATASETS if load("datasets", name).kind == "images"]
TEXTS = [name for name in DATASETS if load("datasets", name).kind == "text"]
PRINT_FACTS = """
import json, sys
from nasengine.data.common.named import named_dataset
print(named_dataset(sys.argv[1], json.loads(sys.argv[2])).facts())
print("torch" in sys.modules)
"""
WRITERS = {
    "fashion-mnist": write_fashion,
    "cifar10": write_cifar_python,
    "cifar100": lambda folder: write_cifar_python(folder, classes=100),
    "images": write_class_folders,
    "image-folder": write_class_folders,
    "ptb": write_text_parts,
    "wikitext2": lambda folder: write_text_parts(folder, "wiki.", ".tokens"),
    "text": lambda folder: write_text_parts(folder, "", ".txt.gz"),
}
SMALLER = {"image-folder": {"size": 16}}


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    """Return settings with which each data set can be read in a test."""
    settings = {}
    for name in DATASETS:
        if any(field.name == "path" for field in describe(load("datasets", name).Config)):
            folder = WRITERS[name](tmp_path_factory.mktemp(name))
            settings[name] = {"path": str(folder)} | (
                {"valid_share": 0.2} if name in IMAGES else {}
            )
            settings[name] |= SMALLER.get(name, {})
        else:
            settings[name] = {}
    return settings


@pytest.mark.parametrize("name", IMAGES)
def test_parts_have_the_sizes_and_shapes_of_the_facts(name, values):
    dataset = named_dataset(name, values[name])
    facts = dataset.facts()
    train, valid = dataset.search_parts()
    for part, size in (
        (train, facts.train),
        (valid, facts.valid),
        (dataset.test_part(), facts.test),
    ):
        assert part.images.shape == (size, *facts.shape)
        assert part.images.dtype == torch.float32
        assert part.images.isfinite().all()
        assert (part.labels.shape, part.labels.dtype) == ((size,), torch.int64)
        assert 0 <= part.labels.min() <= part.labels.max() < facts.classes


@pytest.mark.parametrize("name", TEXTS)
def test_words_are_vocabulary_indices(name, values):
    dataset = named_dataset(name, values[name])
    facts = dataset.facts()
    assert (facts.shape, facts.classes) == ((1,), len(set(dataset.vocabulary())))
    assert dataset.vocabulary()[:2] == ("<unk>", "<eos>")
    train, valid = dataset.search_parts()
    parts = ((train, facts.train), (valid, facts.valid), (dataset.test_part(), facts.test))
    for part, size in parts:
        assert (part.words.shape, part.words.dtype) == ((size,), torch.int64)
        assert 0 <= part.words.min() <= part.words.max() < facts.classes
    # Every word of the vocabulary occurs in the training text.
    assert train.words.bincount(minlength=facts.classes)[1:].min() > 0


@pytest.mark.parametrize("name", TEXTS)
def test_a_small_vocabulary_keeps_the_frequent_words(name, values):
    whole = named_dataset(name, values[name])
    small = named_dataset(name, {**values[name], "vocabulary": 5})
    assert small.vocabulary() == whole.vocabulary()[:5]
    for reduced, full in zip(small.search_parts(), whole.search_parts(), strict=True):
        assert (reduced.words == torch.where(full.words < 5, full.words, 0)).all()


@pytest.mark.parametrize("name", TEXTS)
def test_a_limit_shortens_only_the_training_text(name, values):
    whole = named_dataset(name, values[name])
    small = named_dataset(name, {**values[name], "limit": 30})
    assert (small.search_parts()[0].words == whole.search_parts()[0].words[:30]).all()
    assert small.facts().train == 30
    assert (small.facts().valid, small.facts().test) == (whole.facts().valid, whole.facts().test)
    assert small.facts().digest == whole.facts().digest


@pytest.mark.parametrize("name", IMAGES)
def test_train_and_valid_are_stratified_and_normalised(name, values):
    dataset = named_dataset(name, values[name])
    classes = dataset.facts().classes
    train, valid = dataset.search_parts()
    whole = torch.cat([train.labels, valid.labels]).bincount(minlength=classes)
    share = len(valid.labels) / int(whole.sum())
    gap = valid.labels.bincount(minlength=classes) - share * whole
    assert gap.abs().max() <= 1
    assert train.images.mean(dim=(0, 2, 3)).abs().max() < 1e-4
    assert (train.images.std(dim=(0, 2, 3)) - 1).abs().max() < 1e-2


@pytest.mark.parametrize("name", DATASETS)
def test_facts_are_the_same_in_another_process_without_torch(name, values):
    import json

    done = subprocess.run(
        [sys.executable, "-c", PRINT_FACTS, name, json.dumps(values[name])],
        capture_output=True,
        text=True,
        check=True,
    )
    facts = named_dataset(name, values[name]).facts()
    assert done.stdout.splitlines() == [str(facts), "False"]
    assert len(facts.digest) == 64
    assert int(facts.digest, 16) > 0


@pytest.mark.parametrize("name", IMAGES)
def test_the_seed_determines_the_split_but_not_the_test_part(name, values):
    default = named_dataset(name, values[name])
    again = named_dataset(name, {**values[name], "split_seed": 0})
    other = named_dataset(name, {**values[name], "split_seed": 1})
    assert (default.search_parts()[0].images == again.search_parts()[0].images).all()
    assert (default.search_parts()[0].images != other.search_parts()[0].images).any()
    assert (default.test_part().labels == other.test_part().labels).all()
    assert default.facts() == other.facts()


@pytest.mark.parametrize("name", IMAGES)
def test_a_limit_reduces_the_search_parts_but_not_the_test_part(name, values):
    whole = named_dataset(name, values[name]).facts()
    limit = 5 * whole.classes
    small = named_dataset(
        name, {**values[name], "valid_share": 0.4, "limit": max(limit, 20)}
    ).facts()
    assert small.train + small.valid == max(limit, 20)
    assert (small.test, small.digest) == (whole.test, whole.digest)


@pytest.mark.parametrize("name", [name for name in DATASETS if name in WRITERS])
def test_a_missing_or_empty_path_is_refused_with_a_one_line_message(name, tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(DataMissing) as refusal:
            named_dataset(name, {"path": str(path)}).facts()
        assert str(tmp_path) in str(refusal.value)
        assert "\n" not in str(refusal.value)
