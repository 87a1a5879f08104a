"""Networks of architectures: the space of an architecture, input shapes, fresh weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..catalog import load
from ..core.architecture import Architecture
from ..core.errors import EngineError
from ..core.search_spec import SearchSpec
from ..core.settings import from_mapping
from ..core.space import Space
from ..data.common.named import named_dataset

if TYPE_CHECKING:
    import torch

# Columns of a benchmark table carry the name of a data set that need not be on this machine.
TABLE_SHAPES: dict[str, tuple[tuple[int, ...], int]] = {
    "cifar10": ((3, 32, 32), 10),
    "cifar100": ((3, 32, 32), 100),
    "imagenet16-120": ((3, 16, 16), 120),
    "digits": ((1, 8, 8), 10),
    "fashion-mnist": ((1, 28, 28), 10),
}


def space_of(architecture: Architecture) -> Space:
    """Return the space of an architecture, with the architecture's settings.

    Raises:
        EngineError: the space does not exist or refuses the settings.
    """
    space_class = load("spaces", architecture.space)
    space: Space = space_class(from_mapping(space_class.Config, architecture.config))
    return space


def check_builds(space: Space) -> None:
    """Check that the architectures of a space are networks.

    Raises:
        EngineError: they are only lists of decisions.
    """
    if not space.builds_networks:
        raise EngineError(space.no_network())


def text_of(architecture: Architecture) -> str:
    """Return the architecture on one line, in the notation of its space."""
    return space_of(architecture).text(architecture)


def build(
    architecture: Architecture,
    input_shape: tuple[int, ...],
    classes: int,
    *,
    seed: int | None = None,
) -> torch.nn.Module:
    """Return the network of an architecture with freshly initialised weights.

    Args:
        architecture: The architecture to build.
        input_shape: Channels x height x width; (1,) if the space reads text.
        classes: Number of classes, or of words in the vocabulary.
        seed: Seed of the weights; default: torch's global generator as it is.

    Raises:
        EngineError: the space does not allow the architecture or its settings.
    """
    import torch

    space = space_of(architecture)
    space.validate(architecture)
    check_builds(space)
    if seed is None:
        return space.build(architecture, input_shape, classes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return space.build(architecture, input_shape, classes)


def shape_and_classes(
    spec: SearchSpec, input_shape: tuple[int, ...] | None, classes: int | None
) -> tuple[tuple[int, ...], int]:
    """Return the input shape and number of classes of a search, those given first.

    Raises:
        EngineError: one is not given and the data set cannot be read on this machine.
    """
    if input_shape is not None and classes is not None:
        return tuple(input_shape), classes
    if spec.estimator == "table" and spec.dataset in TABLE_SHAPES:
        shape, count = TABLE_SHAPES[spec.dataset]
    else:
        try:
            facts = named_dataset(spec.dataset, spec.dataset_config).facts()
        except EngineError as error:
            raise EngineError(f"{error}; or give input shape and number of classes") from None
        shape, count = facts.shape, facts.classes
    return tuple(input_shape or shape), classes or count
