"""The client of the API as one file: a command line, and a package to import from."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import paretoscope
from webapp.common.programs import zipped_program

START = "import sys\n\nfrom paretoscope.__main__ import main\n\nsys.exit(main())\n"


@lru_cache(maxsize=1)
def client_program() -> bytes:
    """Return the package `paretoscope` as a zip archive that Python starts."""
    root = Path(paretoscope.__file__).parent
    return zipped_program(root, sorted(root.rglob("*.py")), START)
