"""Programs that launch a search: for a shell, in Python and over HTTP.

They read the API token from the environment, so that they can be stored and shared.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from nasengine import catalog
from nasengine.core.search_spec import SearchSpec
from nasengine.core.settings import changed

from .forms import PARTS

ALWAYS = (*PARTS, "objectives", "candidates", "seed")
PROGRAM = "paretoscope.pyz"
TOKEN_VARIABLE = "PARETOSCOPE_TOKEN"
EXAMPLE = SearchSpec(
    space="nb201",
    strategy="regularised-evolution",
    dataset="digits",
    candidates=20,
    dataset_config={"limit": 1000},
)


@dataclass(frozen=True)
class Script:
    """One way to launch a search.

    Attributes:
        key: a word for ids.
        title: the way in a word or two.
        text: what to copy, whole.
    """

    key: str
    title: str
    text: str


def launch_scripts(server: str, name: str, team: str, spec: SearchSpec) -> list[Script]:
    """Return the programs that launch a search in a team with the token in `TOKEN_VARIABLE`.

    Args:
        server: address of the workbench, without a slash at its end.
        name: name of the run.
        team: name of its team.
        spec: the search; settings that have their default are left out.
    """
    settings = shortened(spec)
    return [
        Script("python", "Python", _in_python(server, name, team, settings)),
        Script("shell", "Command line", _in_a_shell(server, name, team, settings)),
        Script("http", "HTTP", _over_http(server, name, team, settings)),
    ]


def shortened(spec: SearchSpec) -> dict[str, Any]:
    """Return the settings of a search that differ from their defaults, and its main ones."""
    plain = SearchSpec().to_json()
    chosen: dict[str, Any] = {}
    for name, value in spec.to_json().items():
        part = name.removesuffix("_config")
        if name == "devices":
            continue
        if part in PARTS and part != name:
            if config := _changed(PARTS[part][0], getattr(spec, part), value):
                chosen[name] = config
        elif name in ALWAYS or value != plain.get(name):
            chosen[name] = value
    return chosen


def _changed(plural: str, name: str, config: Mapping[str, Any]) -> dict[str, Any]:
    values = {key: value for key, value in config.items() if value is not None}
    if not catalog.has(plural, name):
        return values
    return changed(catalog.load(plural, name).Config, values)


def _address() -> str:
    return reverse("client-program")


def _in_python(server: str, name: str, team: str, settings: Mapping[str, Any]) -> str:
    arguments = [repr(name), f"team={team!r}"]
    arguments += [f"{key}={value!r}" for key, value in settings.items()]
    lines = ",\n    ".join(arguments)
    return (
        "import sys, urllib.request\n\n"
        f'urllib.request.urlretrieve("{server}{_address()}", "{PROGRAM}")\n'
        f'sys.path.insert(0, "{PROGRAM}")\n'
        "from paretoscope import Client\n\n"
        f'client = Client("{server}")  # reads {TOKEN_VARIABLE}\n'
        f"run = client.launch(\n    {lines},\n)\n"
        "print(run)\n"
        "run.wait()\n"
        "print(run.front())"
    )


def _in_a_shell(server: str, name: str, team: str, settings: Mapping[str, Any]) -> str:
    words = shlex.join(["--team", team, name])
    return (
        f"curl -fsO {server}{_address()}\n"
        f"export PARETOSCOPE_URL={server}\n"
        f"cat > search.json <<'END'\n{json.dumps(settings, indent=2)}\nEND\n"
        f"python3 {PROGRAM} runs launch {words} search.json --wait"
    )


def _over_http(server: str, name: str, team: str, settings: Mapping[str, Any]) -> str:
    body = json.dumps({"name": name, "team": team, "spec": settings}, indent=2)
    return (
        f"curl -f {server}{reverse('api:launch')} \\\n"
        f'  -H "Authorization: Bearer ${TOKEN_VARIABLE}" '
        "-H 'Content-Type: application/json' \\\n"
        f"  -d @- <<'END'\n{body}\nEND"
    )
