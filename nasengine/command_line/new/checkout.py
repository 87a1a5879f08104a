"""A plugin inside a checkout: its files, catalogue line, test, state samples and documentation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from ...core.errors import EngineError
from .skeleton import Skeleton

CATALOGUE = "nasengine/catalog.py"
# Page that explains every plugin of a kind, and the heading before which a new one is added.
PAGES = {
    "strategy": ("docs/methods.md", "\n## Estimators\n"),
    "estimator": ("docs/methods.md", "\n## How a candidate ends\n"),
    "space": ("docs/spaces.md", "\n## Published networks\n"),
    "objective": ("docs/devices.md", "\n## Adding a device\n"),
}
SECTIONS = {
    "strategy": """
### `$name`

Random candidates first, then mutations of the best candidate so far. The space must have the
capability `mutate`.

| setting | default | meaning |
|---|---|---|
| `initial` | 10 | random candidates before the first mutation |
""",
    "estimator": """
### `$name`

Fits only a linear classifier (ridge regression) on the outputs of the untrained network.

| setting | default | meaning |
|---|---|---|
| `features` | 64 | outputs of the untrained network |
| `ridge` | 0.01 | weight of the ridge penalty |
""",
    "space": """
## $name

Width and kernel of each convolution of a short chain.

| setting | default | meaning |
|---|---|---|
| `layers` | 4 | number of convolutions |
""",
    "objective": """
`$name` counts the layers that have weights.
""",
}


def checkout_above(folder: Path) -> Path | None:
    """Return the root of the checkout that holds a folder, None outside of one."""
    for root in (folder, *folder.parents):
        if (root / CATALOGUE).is_file() and (root / "tests/contracts").is_dir():
            return root
    return None


def write_into_checkout(skeleton: Skeleton, root: Path) -> list[Path]:
    """Write the plugin, its test and documentation; return the paths written or changed.

    Raises:
        EngineError: a file exists already, or the catalogue has another form than expected.
    """
    texts = {**skeleton.sources(), skeleton.test_path: skeleton.test()}
    for path in texts:
        if (root / path).exists():
            raise EngineError(f"{path} exists already: choose another name")
    texts[CATALOGUE] = _with_line((root / CATALOGUE).read_text("utf-8"), skeleton)
    page, text = _with_section(root, skeleton)
    texts[page] = text
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    written = [root / path for path in texts]
    if skeleton.kind == "strategy":
        _run(root, "tests.fixtures.state_samples", skeleton.name)
        written += sorted((root / "tests/assets/states" / skeleton.name).glob("*.json"))
    reference = root / "docs/reference.md"
    reference.write_text(_run(root, "nasengine", "list", "--markdown"), encoding="utf-8")
    return [*written, reference]


def _with_line(catalogue: str, skeleton: Skeleton) -> str:
    """Return the catalogue with a line for the plugin at the end of its kind."""
    block = re.search(rf'^    "{skeleton.plural}": {{\n.*?^    }},\n', catalogue, re.M | re.S)
    if block is None:
        raise EngineError(f"{CATALOGUE} has no table of {skeleton.plural}: add the line by hand")
    line = f'        "{skeleton.name}": "{skeleton.target}:{skeleton.class_name}",\n'
    end = block.end() - len("    },\n")
    return catalogue[:end] + line + catalogue[end:]


def _with_section(root: Path, skeleton: Skeleton) -> tuple[str, str]:
    """Return the page that explains the kind, and its text with a section for the plugin."""
    page, heading = PAGES[skeleton.kind]
    text = (root / page).read_text("utf-8")
    before, found, after = text.partition(heading)
    section = SECTIONS[skeleton.kind].replace("$name", skeleton.name)
    return page, before + section + found + after


def _run(root: Path, *arguments: str) -> str:
    """Run a module of the checkout in a new process, where the catalogue has the new line."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise EngineError(f"python -m {' '.join(arguments)} failed in {root}: {last}")
    return done.stdout
