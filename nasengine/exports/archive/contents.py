"""The files that every archive has, whatever the target."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.target import Built, ModelFile, Target
from .card import model_card
from .facts import label_lines, network_facts, preprocessing_facts
from .writer import SUMS, npz

if TYPE_CHECKING:
    from ..context import ExportContext
    from ..examples import Arrays, Examples

HERE = Path(__file__).parent
README = "README.md"
SAMPLE = "sample.npz"


def common_files(
    target: Target, built: Built, context: ExportContext, report: dict[str, Any], licence: str
) -> dict[str, bytes]:
    """Return the content of the common files by path."""
    stored = context.stored
    signature = context.signature(built.softmax)
    examples = context.examples(built.softmax)
    example = examples.valid(1)
    labels = label_lines(stored, examples.vocabulary)
    files = {
        "LICENSE": _licence(licence).encode(),
        "labels.txt": "".join(f"{label}\n" for label in labels).encode(),
        "genotype.json": _json(stored.architecture.to_json()),
        "network.json": _json(network_facts(stored)),
        "costs.json": _json(_costs(report)),
        "report.json": _json(report),
        SAMPLE: _sample(*example.row(0)),
        "verify.py": (HERE / "verify.py").read_bytes(),
        "requirements.txt": "".join(
            f"{requirement}\n" for requirement in ("numpy", *built.requirements)
        ).encode(),
    }
    if (preprocessing := preprocessing_facts(stored)) is not None:
        files["preprocessing.json"] = _json(preprocessing)
    models = []
    for number, model in enumerate(built.models):
        if model.runtime is None:
            continue
        name = model.runtime.rpartition(".")[2]
        files[f"{name}.py"] = _source_of(model.runtime)
        sample = SAMPLE
        if model.reference == "itself" and not model.unavailable:
            sample = f"sample-{number}.npz"
            files[sample] = _own_sample(model, built, example)
        models.append(_model_facts(model, name, sample))
    files["model.json"] = _json({**signature.to_json(), "models": models})
    card = model_card(
        stored,
        target,
        built,
        report=report,
        licence=licence,
        signature=signature,
        names=[*files, *built.files, README, SUMS],
    )
    return {README: card.encode(), **files}


def _model_facts(model: ModelFile, runtime: str, sample: str) -> dict[str, Any]:
    return {
        "file": model.path,
        "precision": model.precision,
        "runtime": runtime,
        "sample": sample,
        "tolerance": model.tolerance,
    }


def _sample(inputs: Arrays, outputs: Arrays) -> bytes:
    arrays = {f"input.{name}": values for name, values in inputs.items()}
    return npz(arrays | {f"output.{name}": values for name, values in outputs.items()})


def _own_sample(model: ModelFile, built: Built, example: Examples) -> bytes:
    """Return the input with the outputs of the model itself."""
    from ..checking import runtime_module

    assert model.runtime is not None
    run = runtime_module(model.runtime).open_model(built.files[model.path], 0)
    inputs, _ = example.row(0)
    return _sample(inputs, {name: np.asarray(values) for name, values in run(inputs).items()})


def _costs(report: dict[str, Any]) -> dict[str, Any]:
    network = report["network"]
    return {
        "parameters": network["parameters"],
        "macs": network["macs"],
        "measurements": network["measurements"],
        "latency": {
            model["file"]: model["latency"] for model in report["models"] if model["latency"]
        },
    }


def _licence(licence: str) -> str:
    code = (HERE / "license.template").read_text(encoding="utf-8")
    return (
        f"The weights of the network: {licence}. The data set may have terms of its own.\n\n"
        f"The Python files of this archive:\n\n{code}"
    )


def _source_of(module: str) -> bytes:
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).read_bytes()


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, allow_nan=False, sort_keys=True) + "\n").encode()
