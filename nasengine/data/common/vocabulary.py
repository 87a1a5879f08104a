"""From words to numbers: a vocabulary out of the training text, and texts in its numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

UNKNOWN, END = "<unk>", "<eos>"


def vocabulary_of(words: Iterable[str], most: int) -> tuple[str, ...]:
    """`<unk>`, `<eos>`, then the words by how often they occur, equals by the alphabet.

    At most so many in all, 0: every word. The numbers do not depend on the order of the text.
    """
    counts = Counter(words)
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    plain = [word for word, _ in ranked if word not in (UNKNOWN, END)]
    return (UNKNOWN, END, *(plain[: most - 2] if most else plain))


def numbered(words: Sequence[str], vocabulary: tuple[str, ...]) -> np.ndarray:
    """The place of each word in the vocabulary, n int32; strangers are `<unk>`."""
    places = {word: place for place, word in enumerate(vocabulary)}
    unknown = places[UNKNOWN]
    return np.fromiter((places.get(word, unknown) for word in words), np.int32, len(words))
