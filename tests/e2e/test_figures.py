"""Figures of the run page as a browser draws them: units, colours, ticks, picks of DPP-Net."""

from __future__ import annotations

import json

from tests.fixtures.page_states import SNAPSHOT
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
