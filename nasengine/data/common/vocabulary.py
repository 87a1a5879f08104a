"""The vocabulary of a training text, and texts as vocabulary indices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

UNKNOWN, END = "<unk>", "<eos>"


def vocabulary_of(words: Iterable[str], size: int) -> tuple[str, ...]:
    """Return `<unk>`, `<eos>`, then the words by descending frequency, ties alphabetically.

    `size` limits the vocabulary including the two marks; 0: unlimited. The result does not
    depend on the order of the text.
    """
    counts = Counter(words)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    plain = [word for word, _ in ranked if word not in (UNKNOWN, END)]
    return (UNKNOWN, END, *(plain[: size - 2] if size else plain))


def vocabulary_indices(words: Sequence[str], vocabulary: tuple[str, ...]) -> np.ndarray:
    """Return the vocabulary index of each word (n, int32); unknown words become `<unk>`."""
    indices = {word: index for index, word in enumerate(vocabulary)}
    unknown = indices[UNKNOWN]
    return np.fromiter((indices.get(word, unknown) for word in words), np.int32, len(words))
