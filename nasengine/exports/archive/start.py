"""The beginning of an archive's README: what it is, what was measured, what to run, its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.text import one_line

if TYPE_CHECKING:
    from ...core.measurement import Measurement
    from ...core.target import Built, Target
    from ...execution.network_folder import StoredNetwork
    from ..signature import Signature

SCRIPTS = {".sh": "sh", ".py": "python"}
COMMENT = ("#", '"""')
# Pattern of a file name -> what the file is for; the first that fits.
PURPOSES = {
    "README.md": "this page",
    "verify.py": "checks files and outputs",
    "requirements.txt": "the packages that verify.py needs",
    "model.json": "inputs and outputs; runtime, sample and tolerance of each model",
    "preprocessing.json": "size, colours, layout and range of the input",
    "labels.txt": "one line per class, or per word of the vocabulary",
    "genotype.json": "the architecture, as `python -m nasengine train` reads it",
    "network.json": "how it was trained: protocol, data set, seed, measurements",
    "costs.json": "parameters, multiply-accumulates, latency and other measured costs",
    "report.json": "the deployment report as data",
    "sample*.npz": "an input with the expected outputs",
    "LICENSE": "licence of the weights and of the Python files",
    "SHA256SUMS": "checksum of every other file",
    "openvino-*.json": "device and properties for OpenVINO's compile_model",
    "labels_deepstream.txt": "the classes as DeepStream reads them",
    "config_infer_primary.txt": "settings of nvinfer for full frames",
    "config_infer_secondary.txt": "settings of nvinfer for the objects of a detector",
}


def beginning(
    stored: StoredNetwork, target: Target, report: Mapping[str, Any], built: Built
) -> str:
    """Return title, summary, measured error and cost, and the first command."""
    images = stored.data_kind == "images"
    shape = " x ".join(map(str, stored.input_shape))
    data = plain(data_name(stored))
    kind = "Image classifier" if images else "Language model"
    task = (
        f"It reads images of {shape} (channels x height x width) and scores the "
        f"{stored.classes:,} classes of the data set `{data}`."
        if images
        else f"It reads one word at a time and scores the next one of the {stored.classes:,} "
        f"words of the data set `{data}`."
    )
    rows = [
        ("measured", _errors(stored, report)),
        ("cost", _costs(report)),
        ("network", f"`{stored.architecture.id}` of the space `{stored.architecture.space}`"),
        ("training", f"protocol `{plain(stored.protocol['name'])}`, seed {stored.seed}"),
    ]
    table = "\n".join(f"| {name} | {text} |" for name, text in rows)
    return f"""# {kind} for {target.title}: `{data}`, network {stored.architecture.id[:12]}

One trained network, found or chosen with Paretoscope and exported for {target.title}.
{task}

| | |
| --- | --- |
{table}

## Start here

    pip install -r requirements.txt && python verify.py

This runs the network on a stored input and compares the outputs and all files with those of the
export. Each line begins with `ok`, or with `FAILED` and what differs.
{_scripts(built)}
The architecture in the notation of the space:

    {one_line(stored.text, 2000)}
"""


def example(stored: StoredNetwork, built: Built, signature: Signature) -> str:
    """Return a program that classifies the stored input; empty without a runtime or classes."""
    models = [
        model for model in built.models if model.runtime is not None and not model.unavailable
    ]
    if stored.data_kind != "images" or not models:
        return ""
    module = str(models[0].runtime).rpartition(".")[2]
    return f"""
This names the class of the stored input; put your own picture in its place:

    import numpy as np
    from {module} import open_model

    run = open_model("{models[0].path}")
    image = np.load("sample.npz")["input.image"]
    scores = run({{"image": image}})["{signature.scores}"]
    print(open("labels.txt", encoding="utf-8").read().splitlines()[int(scores.argmax())])
"""


def files_table(names: Sequence[str], built: Built) -> str:
    """Return the section that lists every file with its purpose."""
    rows = "\n".join(f"| `{name}` | {plain(_purpose(name, built))} |" for name in sorted(names))
    return f"""## Files

| file | purpose |
| --- | --- |
{rows}
"""


def data_name(stored: StoredNetwork) -> str:
    """Return the name under which a data set was uploaded, else that of the catalogue."""
    from ...data.common.registered import RegisteredData

    path = stored.dataset.get("config", {}).get("path")
    uploaded = RegisteredData.of_path(path) if isinstance(path, str) else None
    return uploaded.name if uploaded else str(stored.dataset["name"])


def plain(value: Any) -> str:
    """Return text on one line that has no meaning in a Markdown table."""
    return one_line(str(value), 500).replace("|", "\\|").replace("`", "'").replace("<", "&lt;")


def spread_text(measurement: Measurement) -> str:
    """Return the spread of a measurement, or else its standard error; "" without them."""
    value = measurement.spread
    if value is None:
        value = measurement.detail.get("standard_error")
    return "" if value is None else f"{value:.3g} {measurement.unit}".strip()


def _errors(stored: StoredNetwork, report: Mapping[str, Any]) -> str:
    """The results on the test part, of this training and over the seeds of its evaluation."""
    texts = []
    for measurement in stored.measurements:
        if not measurement.objective.startswith("test_"):
            continue
        spread = spread_text(measurement)
        name = measurement.objective.replace("_", " ")
        text = f"{name} {measurement.value:.4g} {measurement.unit}".strip()
        texts.append(f"{text} (± {spread})" if spread else text)
        if figure := report["evaluation"].get(measurement.objective):
            mean = f"{figure['mean']:.4g} {measurement.unit}".strip()
            if figure["seeds"] > 1:
                texts.append(f"{mean} on average over {figure['seeds']} seeds")
    return plain("; ".join(texts)) or "no result on the test part"


def _costs(report: Mapping[str, Any]) -> str:
    network = report["network"]
    texts = [
        f"{network['parameters']:,} trained parameters",
        f"{network['macs']:,} multiply-accumulates",
    ]
    for model in report["models"][:1]:
        texts.append(f"`{plain(model['file'])}` of {model['bytes']:,} bytes")
        latency = model["latency"]
        if latency and "median_ms" in latency:
            texts.append(f"{latency['median_ms']:.3g} ms on {plain(latency['device'])}")
    return ", ".join(texts)


def _scripts(built: Built) -> str:
    """The programs of the target, to be run on the device."""
    rows = [
        f"- `{SCRIPTS[path.suffix]} {name}`: {plain(_first_sentence(path))}"
        for name, path in sorted(built.files.items())
        if path.suffix == ".sh"
    ]
    return "\nOn the device:\n\n" + "\n".join(rows) + "\n" if rows else ""


def _purpose(name: str, built: Built) -> str:
    for model in built.models:
        if name == model.path:
            return f"the network, {model.precision}"
        if name in model.parts:
            return f"weights of {model.path}"
        if model.runtime and name == f"{model.runtime.rpartition('.')[2]}.py":
            return "`open_model(path)` opens the network in Python"
    for pattern, purpose in PURPOSES.items():
        if fnmatchcase(name, pattern):
            return purpose
    return _first_sentence(built.files[name]) if name in built.files else "part of the export"


def _first_sentence(path: Path) -> str:
    """The first comment of a script or settings file, which states its purpose."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in (file.readline(400) for _ in range(5)):
            text = line.strip()
            if text.startswith(COMMENT) and not text.startswith("#!"):
                return text.strip('#" ').rstrip(".")
    return "part of the export"
