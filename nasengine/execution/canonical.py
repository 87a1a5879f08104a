"""Canonical architectures: one id for all architectures that are the same network."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from ..core.architecture import Architecture, canonical_json
from ..core.settings import to_mapping
from .building import space_of


def canonical(architecture: Architecture) -> Architecture:
    """Return the architecture that represents all that are the same network.

    It has every setting of its space, and the genome in the canonical order of its nodes.

    Raises:
        EngineError: the space does not exist, or does not allow the settings or the architecture.
    """
    space = space_of(architecture)
    space.validate(architecture)
    complete = replace(architecture, config=to_mapping(space.config))
    return space.canonical(complete)


def canonical_id(architecture: Architecture) -> str:
    """Return the id that isomorphic architectures share, 64 hex digits.

    Cells with their nodes in another order have the same id, and so has a cell that was found in
    a space with other operations or other limits: settings that only a search reads do not count.
    Sizes of the network, such as cells and channels, do.

    Raises:
        EngineError: the space does not exist, or does not allow the settings or the architecture.
    """
    space = space_of(architecture)
    same = canonical(architecture)
    config = {
        name: value for name, value in same.config.items() if name not in space.search_settings
    }
    text = canonical_json(replace(same, config=config).to_json())
    return hashlib.sha256(text.encode()).hexdigest()
