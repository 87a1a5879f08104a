"""Figures of the run page as a browser draws them: units, colours, ticks, picks of DPP-Net."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nasengine.catalog import load
from tests.fixtures.page_states import SNAPSHOT
from webapp.common.packed import packed
from webapp.runs.drawings import drawing
from webapp.runs.front_sketch import axis_of
from webapp.runs.rows import curve_metric

LOOK = "(await load('plots/look.js')).themeOfPlots()"
STATE = "(await load('reducer.js')).fromSnapshot(v[0])"


def snapshot(**run):
    made = json.loads(json.dumps(SNAPSHOT))
    made["run"] |= run
    return made


def test_learning_curves_have_the_unit_of_the_objective(scripts):
    goals = [{"name": "params", "unit": "", "better": "lower"},
             {"name": "perplexity", "unit": "", "better": "lower"}]  # fmt: skip
    state = snapshot(goals=goals, curve=curve_metric(goals))
    state["curves"] = {"2": [{"epoch": 1, "valid_error": 80.0, "valid_perplexity": 512.5}]}
    code = f"""const figure = m.curvesFigure({STATE}, {LOOK});
    return [figure.data[0].y, figure.layout.yaxis.title.text, m.curvesTable({STATE}).header];"""
    values, title, header = scripts.call("plots/curves.js", code, state)
    assert (values, title) == ([512.5], "validation perplexity")
    assert header[2] == "valid_perplexity"
    values, title, _ = scripts.call("plots/curves.js", code, snapshot())
    assert (values, title) == ([12.0], "%")


def test_the_training_steps_of_a_supernet_are_one_curve(scripts):
    state = snapshot()
    state["curves"] = {str(n): [{"epoch": n + 1, "valid_error": 50.0 - n}] for n in range(3)}
    code = f"""const state = {STATE}, look = {LOOK};
    for (const n of [0, 2]) state.candidates.set(n, {{ number: n, state: "trained" }});
    const shown = (s) => m.curvesFigure(s, look).data.map((t) => [t.name.split(' ')[0], t.x, t.y]);
    return [shown(state), shown({{ ...state, chosen: true }}).length];"""
    shown, chosen = scripts.call("plots/curves.js", code, state)
    assert ["supernet", [1, 3], [50.0, 48.0]] in shown
    assert [name for name, *_ in shown].count("#1") == 1 and len(shown) == 2
    assert chosen == 3


def test_a_small_hypervolume_is_no_number_of_micros(scripts):
    state = snapshot()
    state["front"]["curve"] = [
        {"told": n, "number": n, "hypervolume": n * 1e-4} for n in range(1, 9)
    ]
    code = f"""const area = document.querySelector('.ps-plot');
    area.hidden = false;
    const figure = m.hypervolumeFigure({STATE}, {LOOK});
    const plotly = await (await load('plots/plotly.js')).loadPlotly();
    await plotly.newPlot(area, figure.data, figure.layout);
    const ticks = [...area.querySelectorAll('.ytick text')].map((t) => t.textContent);
    plotly.purge(area);
    area.hidden = true;
    return ticks;"""
    ticks = scripts.call("plots/hypervolume.js", code, state)
    assert len(ticks) > 2
    assert not [tick for tick in ticks if "μ" in tick or "µ" in tick or "u" in tick], ticks


HEAT = f"""const figure = m.heatFigure({{rows: v[0], columns: v[1], values: v[2], across: 'option',
    down: 'edge', key: 'k'}}, {LOOK});
const [bars] = figure.data;
return [bars.marker.color, bars.marker.cmin, bars.marker.cmax, figure.layout.xaxis.title.text];"""


def test_a_heat_map_of_small_differences_is_not_in_one_colour(scripts):
    colour, low, high, title = scripts.call(
        "methods/heat.js", HEAT, ["0 to 1"], ["a", "b", "c", "d"], [[310, 230, 230, 230]]
    )
    assert [round(c, 3) for c in colour] == [0.06, -0.02, -0.02, -0.02]
    assert (low, high) == (-0.06, 0.06)
    assert title == "option (faint: even share; blue: more, to 0.31; orange: less, to 0.23)"


def test_a_heat_map_in_which_nothing_differs_says_so(scripts):
    *_, title = scripts.call("methods/heat.js", HEAT, ["0 to 1"], ["a", "b"], [[501, 499]])
    assert title == "option (nothing differs: every option has 0.50)"


PICKS = f"""const box = document.createElement('div');
const show = m.VIEWS.stages(box, {{dataset: {{candidates: '/c/'}}}}, () => 'a run');
show({{stages: [], stage: 0, picks: v[1]}}, {STATE});
return [...box.querySelectorAll('.ps-values > div')].map((pair) => pair.textContent);"""


def test_each_pick_of_dpp_net_shows_the_objective_for_which_it_was_picked(scripts):
    picks = {"error": 2, "params": 0, "all-round": 0}
    texts = scripts.call("run/method.js", PICKS, snapshot(), picks)
    assert texts[1:] == ["Best error#210.00 %", "Best params#0100", "Best compromise#020.00 %"]


DRAW = """const figure = document.createElement('figure');
figure.dataset.size = v[1];
figure.style.width = '360px';
document.body.append(figure);
m.showDrawing(figure, v[0], 'a drawing');
const heights = [...figure.querySelectorAll('text')].map((t) => {
  const scale = t.getScreenCTM().a;
  return scale * Number(t.getAttribute('font-size'));
});
const box = figure.querySelector('.ps-graph-box').getBoundingClientRect();
const rows = new Set([...figure.querySelectorAll('rect[rx]')].map((r) => r.getAttribute('y'))).size;
const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
figure.remove();
return [Math.min(...heights), box.width, rows, wide];"""


@pytest.mark.parametrize("name", ["recurrent-cell", "mobile-chain", "chain-alexnet", "cell"])
@pytest.mark.parametrize("size", ["card", "full"])
def test_labels_of_a_drawing_are_never_below_11_pixels(scripts, name, size):
    space = load("spaces", name)
    space = space(space.Config())
    architecture = space.sample(np.random.default_rng(3))
    least, width, rows, wide = scripts.call(
        "graph/mount.js", DRAW, drawing(architecture.to_json()), size
    )
    assert least >= 10.99
    assert width <= 361 and not wide, "a drawing that does not fit scrolls in its box"
    assert rows > 1


def test_a_long_chain_is_wrapped_into_rows(scripts):
    nodes = [{"id": str(i), "label": str(i), "role": "node"} for i in range(12)]
    edges = [
        {"source": str(i), "target": str(i + 1), "op": "conv", "family": "conv", "kernel": 3,
         "label": "conv 3x3, 64"} for i in range(11)
    ]  # fmt: skip
    code = """const laid = m.layoutCell(v[0], {width: 500});
    return [laid.width, laid.nodes.map((n) => [n.x, n.y])];"""
    width, places = scripts.call("graph/layout.js", code, {"nodes": nodes, "edges": edges})
    assert width <= 530
    assert len({y for _, y in places}) > 2
    assert places == sorted(places, key=lambda place: place[1]), "read from top to bottom"


RANGES = [
    *((0.2, 1.0), (8, 47), (2e5, 1e6), (0.9, 1.1), (-30, 70), (950, 4010), (3e6, 9e6), (0, 7)),
    *((1, 10500), (123456, 123999), (0.004, 0.0052), (5e8, 6.1e9)),
]


def test_the_sketch_of_the_front_has_the_ticks_of_the_plot(scripts):
    code = f"""const look = {LOOK}, area = document.querySelector('.ps-plot');
    const plotly = await (await load('plots/plotly.js')).loadPlotly();
    area.hidden = false;
    const read = [];
    for (const pair of v[0]) {{
      const points = pair.map((x) => ({{ x, y: x }}));
      const range = {{ x: m.rangeOf(pair), y: m.rangeOf(pair) }};
      const axes = m.frontAxes(points, {{ logX: false, logY: false }}, range, look);
      await plotly.newPlot(area, [{{ x: pair, y: pair }}], {{ ...axes, width: 900, height: 500 }});
      read.push([...area.querySelectorAll('.xtick text')].map((t) => t.textContent));
    }}
    plotly.purge(area);
    area.hidden = true;
    return read;"""
    drawn = scripts.call("plots/axes.js", code, RANGES)
    sketched = [[t.text for t in axis_of(*pair, "lower").ticks()] for pair in RANGES]
    assert sketched == drawn


def test_the_plot_replaces_the_sketch(scripts):
    code = """const r = await load('reducer.js'), p = await load('plots/plot.js');
    const area = document.querySelector('.ps-plot'), sketch = document.createElement('div');
    sketch.className = 'ps-sketch';
    area.append(sketch);
    const plot = new p.Plot(document.getElementById('box'), {
      figure: (look) => m.paretoFigure(r.fromSnapshot(v[0]), v[1], look),
      table: () => '', name: () => '' });
    const drawing = plot.draw();
    const before = sketch.isConnected;
    await drawing;
    return [before, sketch.isConnected];"""
    view = {"x": "params", "y": "error", "logX": False, "logY": False, "selected": None}
    assert scripts.call("plots/pareto.js", code, SNAPSHOT, view) == [True, False]


def test_predicted_costs_have_a_front_of_their_own_with_intervals(scripts):
    """The front is that of the two axes; a value that the device measured has no bar."""
    columns = {
        "latency@pi4": {
            "number": packed(np.array([0, 2]), "<i4"),
            "value": packed(np.array([3.0, 2.0]), "<f8"),
            "low": packed(np.array([2.5, 1.9]), "<f8"),
            "high": packed(np.array([4.0, 2.1]), "<f8"),
            "measured": packed(np.array([0, 1]), "u1"),
        }
    }
    goals = [{"name": "latency@pi4", "unit": "ms", "better": "lower", "predicted": True}]
    view = {"x": "latency@pi4", "y": "error", "logX": False, "logY": False, "selected": None}
    code = f"""const p = await load('run/predicted.js');
    const state = p.withPredicted({STATE}, v[2], p.readColumns(v[1]), ['latency@pi4']);
    const figure = m.paretoFigure(state, v[3], {LOOK});
    const front = figure.data.find((trace) => trace.name === 'front');
    return [front.customdata, front.x, front.error_x.array, front.error_x.arrayminus,
      state.run.goals.length];"""
    numbers, x, up, down, goal_count = scripts.call(
        "plots/pareto.js", code, snapshot(), columns, goals, view
    )
    assert numbers == [2], "it has the lower error and the lower latency"
    assert (x, up, down) == ([2.0], [0.0], [0.0])
    assert goal_count == 3
    columns["latency@pi4"]["measured"] = packed(np.array([0, 0]), "u1")
    *_, up, down, _ = scripts.call("plots/pareto.js", code, snapshot(), columns, goals, view)
    assert up == pytest.approx([0.1]) and down == pytest.approx([0.1])
