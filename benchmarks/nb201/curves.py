"""Mean curves with bands, one panel per problem.

They are drawn in a headless browser by the same Plotly that the pages use.
"""

from __future__ import annotations

import base64
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.nb201.specs import Problem

WIDTH, HEIGHT = 1200, 1200
COLUMNS = 2
FIRST = 20  # candidates; before that, all methods sample at random
Panels = list[tuple[Problem, dict[str, np.ndarray]]]
COLOURS = {
    "random": "#7A8492",
    "regularised-evolution": "#0072B2",
    "dpp-net": "#D55E00",
    "nsga2": "#009E73",
    "renas": "#CC79A7",
    "monas": "#B87A00",
    "local-search": "#3E8FC4",
    "topology-evolution": "#7A5195",
    "bayesian": "#9C2A4F",
    "tpe": "#5B6F1F",
    "qlognehvi": "#1F5F6F",
}


def draw(panels: Panels, path: Path) -> None:
    """Write a PNG of all panels: means over the seeds with 95 % bands of the mean."""
    from playwright.sync_api import sync_playwright

    script = files("plotly") / "package_data" / "plotly.min.js"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page()
        page.set_content("<div id='plot'></div>")
        page.add_script_tag(path=str(script))
        picture = page.evaluate(
            """async ([data, layout, width, height]) => {
                await Plotly.newPlot('plot', data, layout);
                return Plotly.toImage('plot', {format: 'png', width, height});
            }""",
            [_traces(panels), _layout(panels), WIDTH, HEIGHT],
        )
        browser.close()
    path.write_bytes(base64.b64decode(picture.partition(",")[2]))


def _traces(panels: Panels) -> list[dict[str, Any]]:
    traces = []
    for number, (_, curves) in enumerate(panels, start=1):
        axis = "" if number == 1 else str(number)
        for method, rows in curves.items():
            x = list(range(FIRST, rows.shape[1] + 1))
            mean = rows.mean(axis=0)[FIRST - 1 :]
            half = 1.96 * rows.std(axis=0)[FIRST - 1 :] / len(rows) ** 0.5
            common = {"xaxis": f"x{axis}", "yaxis": f"y{axis}", "legendgroup": method}
            colour = COLOURS.get(method, "#444444")
            band = {
                "x": x + x[::-1],
                "y": [*(mean + half), *(mean - half)[::-1]],
                "fill": "toself",
                "fillcolor": colour + "22",
                "line": {"width": 0},
                "hoverinfo": "skip",
                "showlegend": False,
            }
            line = {
                "x": x,
                "y": mean.tolist(),
                "name": method,
                "mode": "lines",
                "line": {"color": colour, "width": 2},
                "showlegend": number == 1,
            }
            traces += [{**band, **common}, {**line, **common}]
    return traces


def _layout(panels: Panels) -> dict[str, Any]:
    rows = -(-len(panels) // COLUMNS)
    layout: dict[str, Any] = {
        "grid": {"rows": rows, "columns": COLUMNS, "pattern": "independent", "ygap": 0.28},
        "legend": {"orientation": "h", "y": -0.05},
        "margin": {"l": 70, "r": 20, "t": 40, "b": 60},
        "template": "plotly_white",
        "plot_bgcolor": "white",
        "annotations": [],
    }
    for number, (problem, curves) in enumerate(panels, start=1):
        axis = "" if number == 1 else str(number)
        measure = "gap to the true front, %" if problem.multi_objective else "test accuracy, %"
        last = np.array([rows.mean(axis=0)[FIRST - 1 :] for rows in curves.values()])
        low = (
            float(np.quantile(last, 0.05))
            if not problem.multi_objective
            else float(last.min()) / 1.2
        )
        high = float(last.max()) * (1.0005 if not problem.multi_objective else 1.1)
        kind = "log" if problem.multi_objective else "linear"
        span = [np.log10(low), np.log10(high)] if problem.multi_objective else [low, high]
        grid = {"gridcolor": "#dddddd", "linecolor": "#666666", "showline": True}
        layout[f"xaxis{axis}"] = {**grid, "title": {"text": "candidates"}}
        layout[f"yaxis{axis}"] = {**grid, "title": {"text": measure}, "type": kind, "range": span}
        layout["annotations"].append(
            {
                "text": f"<b>{problem.name}</b> ({', '.join(problem.objectives)})",
                "xref": f"x{axis} domain",
                "yref": f"y{axis} domain",
                "x": 0,
                "y": 1.09,
                "showarrow": False,
            }
        )
    return layout
