"""`export`: a stored network as an archive for a device or runtime."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..catalog import load, names
from ..core.errors import EngineError
from ..core.settings import from_mapping, to_mapping
from ..core.target import Built, Target
from ..execution.code_version import code_version
from ..spaces.common.deployment import as_deployed
from .archive.contents import common_files
from .archive.facts import network_facts
from .archive.writer import safe_name, write_archive
from .checking import CheckSettings, check_model
from .context import ExportContext, Report
from .seeds import evaluation_figures, load_for_export

if TYPE_CHECKING:
    from ..execution.network_folder import StoredNetwork

OWN_LICENCE = "other"


@dataclass(frozen=True)
class Exported:
    """An archive and its deployment report, JSON-clean (docs/export.md explains the keys)."""

    archive: Path
    report: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {"archive": self.archive.name, "report": self.report}


def export(
    network_dir: str | Path,
    target: str,
    out_dir: str | Path,
    *,
    config: Mapping[str, Any] | None = None,
    licence: str = OWN_LICENCE,
    evaluation: Mapping[str, Mapping[str, Any]] | None = None,
    checks: CheckSettings | None = None,
    report: Report | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Exported:
    """Export a stored network for one target, check it and write the archive.

    Args:
        network_dir: Folder that `nasengine.evaluate` or `python -m nasengine train` wrote.
        target: Name of a target (`python -m nasengine list targets`).
        out_dir: Folder of the archive, created if it is missing.
        config: Settings of the target.
        licence: SPDX identifier of the licence of the weights, for the model card.
        evaluation: Figures over all seeds for the model card: objective -> "mean", "spread"
            (standard deviation, or None), "seeds" (their number) and, if it has one, "unit".
            Default: those of `evaluation.json` next to the network.
        checks: How many inputs are compared, and whether the latency is measured.
        report: Called with {"step": text} before each long step.
        cancelled: Returns whether the export is to end.

    Returns:
        The path of the archive and the deployment report.

    Raises:
        EngineError: the folder has no network, the target does not exist or cannot take the
            network, a library is missing, or outputs differ by more than the tolerance.
        Cancelled: `cancelled` returned True; nothing was written.
    """
    (exported,) = export_all(
        network_dir,
        [(target, dict(config or {}))],
        out_dir,
        licence=licence,
        evaluation=evaluation,
        checks=checks,
        report=report,
        cancelled=cancelled,
    )
    return exported


def export_all(
    network_dir: str | Path,
    targets: Sequence[tuple[str, Mapping[str, Any]]],
    out_dir: str | Path,
    *,
    licence: str = OWN_LICENCE,
    evaluation: Mapping[str, Mapping[str, Any]] | None = None,
    checks: CheckSettings | None = None,
    report: Report | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Exported]:
    """Export a stored network for several targets; they share the ONNX graph and the examples.

    Args:
        network_dir: As in `export`.
        targets: Names and settings.
        out_dir: As in `export`.
        licence: As in `export`.
        evaluation: As in `export`.
        checks: As in `export`.
        report: As in `export`.
        cancelled: As in `export`.

    Raises:
        EngineError: as in `export`; archives of earlier targets stay.
        Cancelled: as in `export`.
    """
    stored = load_for_export(Path(network_dir))
    if evaluation is None:
        evaluation = evaluation_figures(Path(network_dir), stored)
    made = [make_target(name, values, stored.data_kind) for name, values in targets]
    exported = []
    with tempfile.TemporaryDirectory(prefix="nasengine-export-") as folder:
        context = ExportContext(stored, Path(folder), report, cancelled)
        context.step("load the network")
        for target in made:
            built = target.build(context)
            written = _report(target, built, context, checks or CheckSettings(), evaluation)
            path = Path(out_dir) / archive_name(stored, target)
            context.step("write the archive")
            common = common_files(target, built, context, written, licence)
            _written(path, common, built.files)
            exported.append(Exported(path, written))
    return exported


def make_target(name: str, values: Mapping[str, Any], data_kind: str) -> Target:
    """Return a target with checked settings.

    Raises:
        EngineError: no such target, wrong settings, a missing library, or another kind of data.
    """
    cls: type[Target] = load("targets", name)
    target = cls(from_mapping(cls.Config, dict(values)))
    if data_kind not in cls.data_kinds:
        able = [n for n in names("targets") if data_kind in load("targets", n).data_kinds]
        raise EngineError(
            f"{cls.title} cannot run this network, which reads {data_kind}: use {', '.join(able)}"
        )
    if missing := cls.missing():
        raise EngineError(
            f"{cls.title} needs {', '.join(missing)}, which is not installed: {cls.install}"
        )
    return target


def archive_name(stored: StoredNetwork, target: Target) -> str:
    """Return a file name: space, start of the architecture's id, seed, target, other settings."""
    parts = [stored.architecture.space, stored.architecture.id[:12], f"seed{stored.seed}"]
    return f"{safe_name('-'.join([*parts, target.name, *_unusual(target)]), 120)}.zip"


def _unusual(target: Target) -> list[str]:
    """Return the settings that differ from the defaults, such as "fp16" or "opset20"."""
    usual, words = type(target).Config(), []
    for name, value in to_mapping(target.config).items():
        if value != getattr(usual, name):
            words.append(
                name if value is True else f"no-{name}" if value is False else f"{name}{value}"
            )
    return words


def _report(
    target: Target,
    built: Built,
    context: ExportContext,
    checks: CheckSettings,
    figures: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    models = [check_model(model, built, context, checks) for model in built.models]
    missing = context.examples(built.softmax).missing
    notes = [*built.notes, *([f"Checked with noise: {missing}"] if missing else [])]
    return {
        "version": 1,
        "target": target.name,
        "title": target.title,
        "settings": to_mapping(target.config),
        "code_version": code_version(),
        "network": _network(context),
        "models": models,
        "bytes": sum(path.stat().st_size for path in built.files.values()),
        "fell_back": list(built.fell_back),
        "notes": notes,
        "evaluation": {name: dict(figure) for name, figure in figures.items()},
        **built.extra,
    }


def _network(context: ExportContext) -> dict[str, Any]:
    stored = context.stored
    macs = load("objectives", "macs")().measure(
        as_deployed(context.network), stored.input_shape, None
    )
    assert stored.weights is not None
    facts = network_facts(stored)
    return {**facts, "parameters": stored.weights.parameters, "macs": int(macs.value)}


def _written(path: Path, common: Mapping[str, bytes], files: Mapping[str, Path]) -> None:
    """Write the archive.

    Raises:
        EngineError: a target made a file that every archive has.
    """
    if doubled := sorted(set(common) & set(files)):
        raise EngineError(f"the target made {doubled[0]}, which every archive has already")
    write_archive(path, {**common, **files})
