"""The example files in deploy/: their commands, variables and documents."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SBATCH = DEPLOY / "slurm" / "worker.sbatch"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
OPT = "/opt/paretoscope/"


def settings_of(unit: Path) -> list[tuple[str, str]]:
    """Return the settings of a systemd unit in their order, as "Section.Name" and value."""
    section, found = "", []
    for line in unit.read_text().splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = match[1]
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            assert value or name == "Environment", line
            found.append((f"{section}.{name}", value))
    return found


def unit_commands() -> list[list[str]]:
    """Return every command of the units, for instance 0, without the path of the checkout."""
    commands = [
        value for unit in UNITS for name, value in settings_of(unit) if name == "Service.ExecStart"
    ]
    expanded = [command.replace("%H", "host").replace("%i", "0") for command in commands]
    return [shlex.split(command.removeprefix(OPT)) for command in expanded]


def sbatch_command() -> list[str]:
    """Return what the job script executes, with the default of its variable for queues."""
    text = SBATCH.read_text().replace("\\\n", " ")
    (command,) = re.findall(r"^exec (.+)$", text, re.M)
    return shlex.split(re.sub(r"\$\{QUEUES:-([\w,]+)\}", r"\1", command))


def documents() -> list[dict[str, Any]]:
    """Return all Kubernetes documents."""
    return [doc for path in MANIFESTS for doc in yaml.safe_load_all(path.read_text())]


def of_kind(*kinds: str) -> list[dict[str, Any]]:
    return [doc for doc in documents() if doc["kind"] in kinds]


def pod_of(doc: dict[str, Any]) -> dict[str, Any]:
    return doc["spec"]["template"]["spec"]


def container_commands() -> list[list[str]]:
    """Return the command of every container; those of a shell are split at `&&`."""
    found = []
    for doc in of_kind("Deployment", "Job"):
        for container in pod_of(doc)["containers"]:
            command = container["command"]
            if command[:2] == ["sh", "-c"]:
                found += [shlex.split(part) for part in command[2].split("&&")]
            else:
                found.append(command)
    return found


def variables() -> set[str]:
    """Return the names of all environment variables that the files set."""
    environment = (DEPLOY / "systemd" / "paretoscope.env").read_text()
    found = set(re.findall(r"^([A-Z_]+)=", environment, re.M))
    for unit in UNITS:
        found |= {
            value.partition("=")[0]
            for name, value in settings_of(unit)
            if name == "Service.Environment"
        }
    found |= set(re.findall(r"^export ([A-Z_]+)=", SBATCH.read_text(), re.M))
    for doc in of_kind("ConfigMap", "Secret"):
        found |= set(doc.get("data") or doc["stringData"])
    for doc in of_kind("Deployment", "Job"):
        for container in pod_of(doc)["containers"]:
            found |= {variable["name"] for variable in container.get("env", [])}
    return found
