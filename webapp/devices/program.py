"""The device agent as one file that Python starts: `python3 agent.pyz`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import nasengine
from webapp.common.programs import zipped_program

PARTS = ("agent", "metering")
START = "import sys\n\nfrom nasengine.agent.__main__ import main\n\nsys.exit(main())\n"


@lru_cache(maxsize=1)
def agent_program() -> bytes:
    """Return the agent with the modules that it needs, as a zip archive that Python starts."""
    root = Path(nasengine.__file__).parent
    files = [root / "__init__.py"]
    files += sorted(path for part in PARTS for path in (root / part).rglob("*.py"))
    return zipped_program(root, files, START)
