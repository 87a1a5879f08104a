"""Inputs of an exported network with the outputs of the trained one, from the data set."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np

from ..core.dataset import Dataset, Part, TextPart
from ..core.errors import EngineError
from ..data.common.lazy import LazyPart
from ..data.common.named import named_dataset
from .network_scale import MAX_PIXEL
from .signature import Signature

if TYPE_CHECKING:
    import torch

    from ..execution.network_folder import StoredNetwork


BATCH = 64
MAX_BYTES = 2**28  # of examples that are held at once: 440 images of 3 x 224 x 224
NUMBER_BYTES = 4
NOISE_SEED = 0
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Examples:
    """Inputs, one row each, with the outputs of the trained network in float32.

    Attributes:
        inputs: Input name -> array with n rows.
        outputs: Output name -> array with n rows.
        labels: The right class of each row (n, int64), None for noise.
        source: Where the rows come from, such as "test part of digits".
        available: The number of rows that the source has.
    """

    inputs: Arrays
    outputs: Arrays
    labels: np.ndarray | None
    source: str
    available: int

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def row(self, index: int) -> tuple[Arrays, Arrays]:
        """Return inputs and outputs of one row, with a batch of 1."""
        part = slice(index, index + 1)
        return (
            {name: values[part] for name, values in self.inputs.items()},
            {name: values[part] for name, values in self.outputs.items()},
        )


class ExampleSource:
    """Examples from the data set of a network, or noise if the data set is not on this machine.

    Images have pixels from 0 to 255, as cameras and files have them.

    Args:
        stored: The network.
        model: Its ImageModel or WordModel, in evaluation mode.
        signature: Inputs and outputs of the model.
    """

    def __init__(self, stored: StoredNetwork, model: torch.nn.Module, signature: Signature):
        self._stored = stored
        self._model = model
        self._signature = signature
        self.missing = ""
        self._dataset = self._found()
        self._made: dict[tuple[str, int], Examples] = {}

    @property
    def vocabulary(self) -> tuple[str, ...] | None:
        """The words of the text, None for images or if the text is not on this machine."""
        words: Callable[[], tuple[str, ...]] | None = getattr(self._dataset, "vocabulary", None)
        return words() if words is not None else None

    def train(self, count: int) -> Examples:
        """Return up to `count` rows of the train part, evenly over it, for calibration."""
        return self._examples("train", count)

    def valid(self, count: int) -> Examples:
        """Return up to `count` rows of the valid part, evenly over it."""
        return self._examples("valid", count)

    def test(self, count: int) -> Examples | None:
        """Return up to `count` rows of the test part, None if there is no data set.

        The final evaluation has read the test part and recorded it. Here it compares two
        implementations of one network; nothing is selected by it.
        """
        return self._examples("test", count) if self._dataset is not None else None

    def _found(self) -> Dataset | None:
        facts = self._stored.dataset
        try:
            dataset = named_dataset(facts["name"], facts["config"])
            found = dataset.facts()
        except EngineError as error:
            self.missing = str(error)
            return None
        if found.digest != facts["digest"] or found.shape != self._stored.input_shape:
            self.missing = f"the data set {facts['name']} on this machine has other content"
            return None
        return dataset

    def _examples(self, part: str, count: int) -> Examples:
        """Return rows of a part, as many as fit into memory; those of equal calls are kept."""
        specs = (*self._signature.inputs, *self._signature.outputs)
        bytes_per_row = sum(math.prod(spec.shape) * NUMBER_BYTES for spec in specs)
        count = max(min(count, MAX_BYTES // bytes_per_row), 1)
        if (part, count) not in self._made:
            self._made[part, count] = self._of_part(part, count)
        return self._made[part, count]

    def _of_part(self, part: str, count: int) -> Examples:
        if self._dataset is None:
            return self._noise(count)
        data = self._parts[part] if part != "test" else self._dataset.test_part()
        name = f"{part} part of {self._stored.dataset['name']}"
        if isinstance(data, TextPart):
            return self._words(data.words[: count + 1], name, len(data.words) - 1)
        positions = spread(len(data.labels), count)
        pixels = self._pixels(data, positions)
        outputs = self._outputs({"image": pixels})
        labels = data.labels[positions].numpy()
        return Examples({"image": pixels}, outputs, labels, name, len(data.labels))

    @cached_property
    def _parts(self) -> dict[str, Part | LazyPart | TextPart]:
        assert self._dataset is not None
        train, valid = self._dataset.final_parts()
        return {"train": train, "valid": valid}

    def _pixels(self, data: Part | LazyPart, positions: np.ndarray) -> np.ndarray:
        """Return the stored pixels, scaled to 0 to 255; the normalisation is undone."""
        if isinstance(data, LazyPart):
            batches = data.batches(np.array_split(positions, -(-len(positions) // BATCH)))
            return np.concatenate([pixels.numpy().astype(np.float32) for pixels, _ in batches])
        preprocessing = self._stored.preprocessing
        images = data.images[positions].numpy().astype(np.float64)
        if preprocessing is None:
            return images.astype(np.float32)
        mean, std = (
            np.array(values).reshape(1, -1, 1, 1)
            for values in (preprocessing.mean, preprocessing.std)
        )
        stored = np.rint((images * std + mean) / preprocessing.scale)
        return (stored * (preprocessing.scale * MAX_PIXEL)).astype(np.float32)

    def _noise(self, count: int) -> Examples:
        rng = np.random.default_rng(NOISE_SEED)
        if self._stored.data_kind == "text":
            import torch

            words = rng.integers(0, self._stored.classes, count + 1)
            return self._words(torch.from_numpy(words), "random words", count)
        pixels = rng.integers(0, 256, (count, *self._stored.input_shape)).astype(np.float32)
        outputs = self._outputs({"image": pixels})
        return Examples({"image": pixels}, outputs, None, "random pixels", count)

    def _outputs(self, inputs: Arrays) -> Arrays:
        import torch

        count = len(next(iter(inputs.values())))
        parts: list[tuple[np.ndarray, ...]] = []
        with torch.no_grad():
            for start in range(0, count, BATCH):
                batch = [torch.from_numpy(v[start : start + BATCH]) for v in inputs.values()]
                result = self._model(*batch)
                results = result if isinstance(result, tuple) else (result,)
                parts.append(tuple(tensor.numpy() for tensor in results))
        names = [spec.name for spec in self._signature.outputs]
        columns = zip(*parts, strict=True)
        return {name: np.concatenate(some) for name, some in zip(names, columns, strict=True)}

    def _words(self, words: torch.Tensor, source: str, available: int) -> Examples:
        """Return one row per word of a text: the word and the state before it."""
        import torch

        state = torch.zeros(self._signature.inputs[1].shape)
        states, outputs = [], []
        with torch.no_grad():
            for word in words[:-1]:
                states.append(state)
                scores, state = self._model(word.view(1), state)
                outputs.append((scores, state))
        inputs = {
            "word": words[:-1].numpy().astype(np.int64),
            "state": cast(np.ndarray, torch.cat(states).numpy()),
        }
        names = [spec.name for spec in self._signature.outputs]
        results = {
            name: torch.cat(some).numpy()
            for name, some in zip(names, zip(*outputs, strict=True), strict=True)
        }
        return Examples(inputs, results, words[1:].numpy(), source, available)


def spread(length: int, count: int) -> np.ndarray:
    """Return up to `count` positions, evenly over `length`."""
    if length <= count:
        return np.arange(length)
    return np.linspace(0, length - 1, count).round().astype(np.int64)
