"""Model card: README.md of an archive, with a head in the layout of Hugging Face."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .facts import label_lines, without_paths
from .start import beginning, data_name, example, files_table, plain, spread_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...core.target import Built, Target
    from ...execution.network_folder import StoredNetwork
    from ..signature import Signature

TASKS = {"images": "image-classification", "text": "text-generation"}
MAX_LABELS = 20


def model_card(
    stored: StoredNetwork,
    target: Target,
    built: Built,
    *,
    report: dict[str, Any],
    licence: str,
    signature: Signature,
    names: Sequence[str],
) -> str:
    """Return the card: YAML head, what it is and how to start, files, training, checks, limits.

    Args:
        stored: The network.
        target: The format or device of the export.
        built: The files that the target made.
        report: The deployment report.
        licence: SPDX identifier of the licence of the weights.
        signature: Inputs and outputs of the exported network.
        names: Every file of the archive.
    """
    sections = (
        _head(stored, target, licence),
        beginning(stored, target, report, built),
        files_table(names, built),
        _use(stored) + example(stored, built, signature),
        _training(stored),
        _figures(stored, report),
        _checks(report),
        _limits(stored, report),
    )
    return "\n".join(sections)


def _head(stored: StoredNetwork, target: Target, licence: str) -> str:
    task = TASKS[stored.data_kind]
    dataset = data_name(stored)
    metrics = [
        {"type": name, "name": name, "value": round(value, 4)}
        for name, value in stored.values.items()
        if name.startswith("test_")
    ]
    result = {
        "task": {"type": task},
        "dataset": {"type": dataset, "name": dataset},
        "metrics": metrics,
    }
    lines = {
        "license": licence,
        "library_name": target.name,
        "pipeline_tag": task,
        "tags": ["neural-architecture-search", "paretoscope", target.name],
        "datasets": [dataset],
        "model-index": [{"name": stored.architecture.id[:12], "results": [result]}],
    }
    # JSON is YAML: every value is written as JSON, so that no text can break the head.
    body = "\n".join(f"{key}: {json.dumps(value)}" for key, value in lines.items())
    return f"---\n{body}\n---\n"


def _use(stored: StoredNetwork) -> str:
    if stored.data_kind == "text":
        return """## Use

For each word, run the model on the index of the word and the state that the word before returned
(zeros at the beginning). The first output scores the next word, the second is the next state.
"""
    labels = label_lines(stored)
    named = ", ".join(plain(label) for label in labels[:MAX_LABELS])
    more = f" and {len(labels) - MAX_LABELS:,} more" if len(labels) > MAX_LABELS else ""
    return f"""## Use

Intended for pictures like those of the data set `{plain(data_name(stored))}`. Size
a picture as `preprocessing.json` says and pass its pixels from 0 to 255 as float32, batch x
channels x height x width. The normalisation is part of the model. The classes are the lines of
`labels.txt`: {named}{more}.
"""


def _training(stored: StoredNetwork) -> str:
    settings = without_paths(stored.protocol.get("settings", {}))
    rows = "\n".join(
        f"| `{plain(name)}` | {plain(json.dumps(value))} |" for name, value in settings.items()
    )
    return f"""## Training

Data set `{plain(data_name(stored))}`, digest `{plain(stored.dataset["digest"])}`; code
version `{plain(stored.code_version)}`; protocol `{plain(stored.protocol["name"])}`:

| setting | value |
| --- | --- |
{rows}
"""


def _figures(stored: StoredNetwork, report: dict[str, Any]) -> str:
    rows = [
        f"| {plain(measurement.objective)} | {measurement.value:.4g} {measurement.unit} "
        f"| {spread_text(measurement)} | {plain(measurement.method)} |"
        for measurement in stored.measurements
    ]
    seeds = ""
    if report["evaluation"]:
        units = {measurement.objective: measurement.unit for measurement in stored.measurements}
        listed = "\n".join(
            f"- {_over_seeds(name, figure, units.get(name, ''))}"
            for name, figure in report["evaluation"].items()
        )
        seeds = f"\nOver the seeds of the evaluation, mean ± standard deviation:\n\n{listed}\n"
    head = "| figure | value | spread or standard error | how |\n| --- | --- | --- | --- |"
    body = "\n".join(rows)
    return f"""## Figures

Measured at the end of this training, under the protocol above. Figures of other protocols are
not comparable. The test part was read once, and the reading is recorded.

{head}
{body}
{seeds}
"""


def _over_seeds(objective: str, figure: dict[str, Any], unit: str) -> str:
    spread = "" if figure["spread"] is None else f" ± {figure['spread']:.2f}"
    value = f"{figure['mean']:.2f}{spread} {figure.get('unit', unit)}".rstrip()
    return f"{plain(objective)}: {plain(value)} (n = {figure['seeds']})"


def _checks(report: dict[str, Any]) -> str:
    lines = []
    for model in report["models"]:
        lines.append(f"- `{model['file']}`: {model['bytes']:,} bytes, {model['precision']}")
        lines += [f"  - {text}" for text in model_sentences(model)]
    lines += [f"- Fell back: {plain(text)}" for text in report["fell_back"]]
    lines += [f"- {plain(text)}" for text in report["notes"]]
    return "## Deployment report\n\n" + "\n".join(lines) + "\n"


def model_sentences(model: dict[str, Any]) -> list[str]:
    """Return the findings of the deployment report about one model."""
    if model["unavailable"]:
        return [f"not run here: {plain(model['unavailable'])}"]
    sentences = []
    if check := model["check"]:
        sentences.append(
            f"largest difference from the trained network {check['largest_difference']:.3g} over "
            f"{check['inputs']:,} inputs ({plain(check['source'])}) with {model['runtime']}"
        )
    if test := model["test"]:
        sentences.append(
            f"the same class for {test['same_class']:,} of {test['inputs']:,} inputs "
            f"({plain(test['source'])}, which has {test['available']:,})"
        )
    latency = model["latency"]
    if latency and "median_ms" in latency:
        sentences.append(
            f"latency {latency['median_ms']:.3g} ms (median of {latency['repetitions']}, spread "
            f"{latency['spread_ms']:.2g} ms, batch {latency['batch']}, {latency['threads']} "
            f"thread) on {plain(latency['device'])}"
        )
    return sentences


def _limits(stored: StoredNetwork, report: dict[str, Any]) -> str:
    lines = [
        "- The network knows only the classes of its data set; it names one of them for any input."
        if stored.data_kind == "images"
        else "- The network knows only the words of its vocabulary.",
        "- Inputs that differ from the data set (camera, light, noise, language) were not tested.",
        "- Latency holds for the named device, batch size and number of threads only.",
    ]
    if all(model["test"] is None for model in report["models"]):
        lines.append("- The classes on the test part were not compared at the export.")
    return "## Limits\n\n" + "\n".join(lines) + "\n"
