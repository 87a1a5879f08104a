"""A plugin as an installable package with an entry point, outside of a checkout."""

from __future__ import annotations

from pathlib import Path

from ...core.errors import EngineError
from .skeleton import Skeleton


def write_package(skeleton: Skeleton, folder: Path) -> list[Path]:
    """Write the package into a new folder and return the paths of its files.

    Raises:
        EngineError: the folder exists already or cannot be written.
    """
    root = folder / skeleton.distribution
    texts = {
        "pyproject.toml": skeleton.text("pyproject"),
        **skeleton.sources(),
        f"tests/test_{skeleton.module}.py": skeleton.test(),
    }
    try:
        root.mkdir()
        for path, text in texts.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
    except FileExistsError:
        raise EngineError(f"{root} exists already: choose another name") from None
    except OSError as error:
        raise EngineError(f"{root} cannot be written: {error.strerror or error}") from None
    return [root / path for path in texts]
