"""The set of architectures that a search has proposed."""

from __future__ import annotations

import base64

from ...core.architecture import Architecture

# With 48 bits, the chance that any two of 50,000 architectures share a digest is below 1 in
# 100,000; the only consequence would be one needless resample.
DIGEST_BYTES = 6


class SeenArchitectures:
    """A set of architectures that takes 8 characters per architecture when saved."""

    def __init__(self) -> None:
        self._digests: dict[bytes, None] = {}  # a dict keeps the order, so texts are stable

    def __len__(self) -> int:
        return len(self._digests)

    def __contains__(self, architecture: Architecture) -> bool:
        return _digest(architecture) in self._digests

    def add(self, architecture: Architecture) -> None:
        self._digests[_digest(architecture)] = None

    def to_text(self) -> str:
        """Return all digests, in order of adding, as base64."""
        return base64.b64encode(b"".join(self._digests)).decode()

    @classmethod
    def from_text(cls, text: str) -> SeenArchitectures:
        seen = cls()
        raw = base64.b64decode(text)
        for start in range(0, len(raw), DIGEST_BYTES):
            seen._digests[raw[start : start + DIGEST_BYTES]] = None
        return seen


def _digest(architecture: Architecture) -> bytes:
    return bytes.fromhex(architecture.id[: 2 * DIGEST_BYTES])
