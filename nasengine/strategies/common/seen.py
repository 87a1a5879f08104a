"""The architectures a search has proposed already."""

from __future__ import annotations

import base64

from ...core.architecture import Architecture

# 48 bits: two of 100,000 architectures are mistaken for one another in one search of
# 50,000, and all that follows is one needless retry.
DIGEST_BYTES = 6


class SeenArchitectures:
    """A set of architectures that takes 8 characters each when saved."""

    def __init__(self) -> None:
        self._digests: dict[bytes, None] = {}  # a dict keeps the order, so texts are stable

    def __len__(self) -> int:
        return len(self._digests)

    def __contains__(self, architecture: Architecture) -> bool:
        return _digest(architecture) in self._digests

    def add(self, architecture: Architecture) -> None:
        self._digests[_digest(architecture)] = None

    def to_text(self) -> str:
        """ASCII text of everything in it."""
        return base64.b64encode(b"".join(self._digests)).decode()

    @classmethod
    def from_text(cls, text: str) -> SeenArchitectures:
        known = cls()
        raw = base64.b64decode(text)
        for start in range(0, len(raw), DIGEST_BYTES):
            known._digests[raw[start : start + DIGEST_BYTES]] = None
        return known


def _digest(architecture: Architecture) -> bytes:
    return bytes.fromhex(architecture.id[: 2 * DIGEST_BYTES])
