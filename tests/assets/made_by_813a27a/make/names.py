"""Write down every name that people and their scripts use: catalogue, settings, options, variables.

cd CHECKOUT_OF_813a27a && PYTHONPATH=. python .../make/names.py OUTPUT_FILE
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

COMMANDS = (
    "-m nasengine list",
    "-m nasengine search",
    "-m nasengine describe",
    "-m nasengine front",
    "-m workers coordinator",
    "-m workers evaluation",
    "manage.py up",
    "manage.py first_steps",
    "manage.py launch",
    "manage.py launch_study",
    "manage.py import_table",
)
DESCRIBED = (
    "DARTS_V1", "DARTS_V2 --cells 5 --channels 8", "NASNet-A --cells 5 --channels 8",
    "AmoebaNet-A --cells 5 --channels 8", "ENAS --cells 5 --channels 8",
    "RENASNet --cells 5 --channels 8", "DARTS_V1_RNN --hidden 20", "DARTS_V2_RNN",
    "ENAS_RNN --vocabulary 100", "shared:cell", "shared:nb201 --input 1x8x8 --classes 10",
    "shared:enas-micro", "shared:enas-macro", "shared:recurrent-cell",
    "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|",
)  # fmt: skip
# By argparse and by Django.
GIVEN_TO_EACH = {"--help", "--version", "--settings", "--pythonpath", "--traceback", "--no-color",
                 "--force-color", "--skip-checks", "--verbosity"}  # fmt: skip


def printed(*words: str) -> str:
    """What a command prints."""
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=True
    ).stdout


def described(words: str) -> Any:
    """What `describe` prints of an architecture."""
    return json.loads(printed("-m", "nasengine", "describe", *words.split(), "--json"))


def options_of(command: str) -> list[str]:
    """The options that a command has of its own."""
    text = printed(*command.split(), "--help")
    return sorted(set(re.findall(r"^ {2}(?:-\w, )?(--[a-z][a-z-]*)", text, re.M)) - GIVEN_TO_EACH)


def variables() -> list[str]:
    """The environment variables that the code reads."""
    reading = re.compile(
        r"(?:(?:environ(?:\.get)?[(\[]|seconds\(|whole\()\"|\"(?=PARETOSCOPE_))([A-Z_]+)\""
    )
    code = [p for folder in ("nasengine", "webapp", "workers") for p in Path(folder).rglob("*.py")]
    return sorted({name for path in code for name in reading.findall(path.read_text())})


def main(path: Path) -> None:
    """Write the document, gzip'd."""
    kinds = Path("docs/events.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {
        "list": json.loads(printed("-m", "nasengine", "list", "--json")),
        "options": {command: options_of(command) for command in COMMANDS},
        "described": [
            [
                words.split(),
                json.loads(printed("-m", "nasengine", "describe", *words.split(), "--json")),
            ]
            for words in DESCRIBED
        ],
        "environment": variables(),
        "event_kinds": re.findall(r"^\| `(\w+)` \|", kinds, re.M),
    }
    text = json.dumps(names, indent=1, sort_keys=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{path.name}: {path.stat().st_size:,} bytes", names["options"], names["environment"],
          names["event_kinds"])  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
