"""Libraries of targets that the extra `export` does not install, because they are large."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..core.errors import EngineError
from ..core.text import one_line


@contextmanager
def converter(title: str) -> Iterator[None]:
    """Turn whatever a converter raises into one clear error.

    Raises:
        EngineError: the converter does not take the network; the message has its reason.
    """
    try:
        yield
    except EngineError:
        raise
    except Exception as error:  # converters have no common class of errors
        reason = one_line(f"{type(error).__name__}: {error}", 300)
        raise EngineError(f"{title} cannot convert this network ({reason})") from None
