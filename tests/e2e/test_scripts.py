"""Numbers, fronts, plots and graphs of the scripts, under the real security policy."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from playwright.sync_api import expect

from nasengine import catalog
from nasengine.core.architecture import Architecture
from nasengine.core.settings import from_mapping
from tests.fixtures.page_states import SNAPSHOT

CASES = json.loads((Path(__file__).parents[1] / "assets" / "format.json").read_text())
WRITERS = {
    "value": "m.valueText(...c)",
    "number": "m.numberText(...c)",
    "mean": "m.meanText(...c)",
    "duration": "m.durationText(c)",
    "age": "m.ageText(c)",
}


@pytest.mark.parametrize("kind", WRITERS)
def test_numbers_are_written_as_on_the_server(scripts, kind):
    given = [case for case, _ in CASES[kind]]
    written = scripts.call("format.js", f"return v[0].map((c) => {WRITERS[kind]});", given)
    assert written == [text for _, text in CASES[kind]]


def beaten(point, points, signs) -> bool:
    """Whether some point is as good on both axes and better on one."""
    x, y = point["x"] * signs[0], point["y"] * signs[1]
    others = [(p["x"] * signs[0], p["y"] * signs[1]) for p in points]
    return any(a <= x and b <= y and (a, b) != (x, y) for a, b in others)


@pytest.mark.parametrize("flips", [[False, False], [True, False], [False, True], [True, True]])
def test_the_front_over_two_axes_is_what_nobody_beats(scripts, flips):
    rng = random.Random(5)
    signs = [-1 if flip else 1 for flip in flips]
    for _ in range(20):
        points = [{"number": n, "x": rng.randint(0, 9), "y": rng.randint(0, 9)} for n in range(30)]
        front = scripts.call("front.js", "return m.frontOf(v[0], v[1]);", points, flips)
        wanted = {(p["x"], p["y"]) for p in points if not beaten(p, points, signs)}
        assert {(p["x"], p["y"]) for p in front} == wanted
        assert len(front) == len(wanted)


def test_the_step_line_of_a_staircase(scripts):
    front = [{"x": 1, "y": 3, "number": 0}, {"x": 2, "y": 1, "number": 1}]
    drawn = scripts.call("front.js", "return m.steps(v[0], {x: 5, y: 9});", front)
    assert drawn["line"] == {"x": [1, 1, 2, 2, 5], "y": [9, 3, 3, 1, 1]}
    assert drawn["area"] == {"x": [1, 1, 2, 2, 5, 5], "y": [9, 3, 3, 1, 1, 9]}


def test_thinning_keeps_the_extremes_and_every_lone_point(scripts):
    rng = random.Random(2)
    crowd = [{"number": n, "x": rng.random(), "y": rng.random()} for n in range(9_998)]
    lone = [{"number": 9_998, "x": 50, "y": 0.5}, {"number": 9_999, "x": 0.5, "y": 50}]
    code = "return m.thin(v[0], 500).map((p) => p.number);"
    kept = scripts.call("front.js", code, crowd + lone)
    assert len(kept) < 600
    assert {9_998, 9_999} <= set(kept)
    assert min(crowd, key=lambda p: p["x"])["number"] in kept


def test_csv_quotes_and_defuses(scripts):
    rows = [[1, 'say "hi", you', "=1+1", None, "Straße\nzwei"]]
    text = scripts.call("save.js", "return m.csv(['a', 'b', 'c', 'd', 'e'], v[0]);", rows)
    assert text == 'a,b,c,d,e\r\n1,"say ""hi"", you",\'=1+1,,"Straße\nzwei"\r\n'


def test_file_names_hold_no_separators(scripts):
    code = "return m.fileName(v[0]);"
    assert scripts.call("save.js", code, "../Röntgen: 3×3/„Karten“?") == "..-Röntgen-3-3-Karten"
    assert scripts.call("save.js", code, "///") == "paretoscope"


VIEW = {"x": "params", "y": "error", "logX": False, "logY": False, "selected": 1}


def test_the_pareto_plot_tells_front_dominated_and_infeasible_apart(scripts):
    code = """const r = await load('reducer.js'), look = await load('plots/look.js');
    const figure = m.paretoFigure(r.fromSnapshot(v[0]), v[1], look.themeOfPlots());
    return Object.fromEntries(figure.data.map((t) => [t.name, t.customdata ?? [t.x, t.y]]));"""
    drawn = scripts.call("plots/pareto.js", code, SNAPSHOT, VIEW)
    assert drawn["front"] == [0, 2]
    assert drawn["dominated"] == [1]
    assert drawn["violates a constraint"] == [3]
    assert drawn["selected"] == [1]
    line_x, line_y = drawn["front line"]
    assert line_x[:4] == [100, 100, 400, 400]
    assert line_y[1:4] == [20, 20, 10]


def test_a_goal_that_shall_be_high_turns_its_axis(scripts):
    snapshot = json.loads(json.dumps(SNAPSHOT))
    snapshot["run"]["goals"][0]["better"] = "higher"
    code = """const r = await load('reducer.js'), look = await load('plots/look.js');
    const l = m.paretoFigure(r.fromSnapshot(v[0]), v[1], look.themeOfPlots()).layout;
    return [l.xaxis.range, l.yaxis.range];"""
    x, y = scripts.call("plots/pareto.js", code, snapshot, VIEW)
    assert x[0] < x[1]
    assert y[0] > y[1]


def test_plotly_draws_and_saves_under_the_policy(scripts):
    """Every violation of the policy is a console error, which fails the test."""
    code = """const r = await load('reducer.js'), p = await load('plots/plot.js');
    const state = r.fromSnapshot(v[0]);
    window.plot = new p.Plot(document.getElementById('box'), {
      figure: (look) => m.paretoFigure(state, v[1], look),
      table: () => ({ header: ['a', 'b'], rows: [[1, '=2']] }), name: () => 'Röntgen' });
    await window.plot.draw();
    return [...document.querySelectorAll('.modebar-btn')].map((b) => b.dataset.title);"""
    buttons = scripts.call("plots/pareto.js", code, SNAPSHOT, VIEW)
    assert buttons == ["Zoom", "Pan", "Reset axes"]
    page = scripts.page
    assert page.locator("#box .scatterlayer .points path").count() == 5
    assert page.locator("#box .ps-plot-empty").is_hidden()
    assert page.locator("#box").get_attribute("data-front") == "2"
    page.locator("#box .ps-plot").hover()
    with page.expect_download() as saved:
        page.evaluate("plot.save('png')")
    assert saved.value.suggested_filename == "Röntgen.png"
    assert Path(saved.value.path()).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    with page.expect_download() as saved:
        page.locator("[data-save=csv]").click()
    text = Path(saved.value.path()).read_text()
    assert text.splitlines() == ["a,b", "1,'=2"]


GROWING = """const look = await load('plots/look.js');
const given = { most: 10, revision: 'a', hidden: [] };
window.given = given;
window.area = document.querySelector('#box .ps-plot');
const trace = (name) => ({ x: [0, given.most], y: [0, 1], uid: name, name, type: 'scatter' });
window.plot = new m.Plot(document.getElementById('box'), {
  figure: (theme) => ({
    data: ['one', 'two', 'three'].filter((name) => !given.hidden.includes(name)).map(trace),
    layout: look.layout(theme, {
      showlegend: true, uirevision: given.revision,
      xaxis: look.axis(theme, { range: [0, given.most] }), yaxis: look.axis(theme),
    }) }),
  table: () => ({ header: [], rows: [] }), name: () => 'growing' });
await window.plot.draw();"""
SHOWN = "() => [...area.layout.xaxis.range, ...area.layout.yaxis.range].map((v) => v.toFixed(6))"


def drag_over_the_plot(page) -> None:
    box = page.locator("#box .nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.6 * box["height"], steps=4)
    page.mouse.up()


def test_new_data_and_hidden_groups_keep_zoom_and_legend(scripts):
    page = scripts.page
    scripts.call("plots/plot.js", GROWING)
    drag_over_the_plot(page)
    page.wait_for_function("() => area.layout.xaxis.range[1] < 10")
    zoomed = page.evaluate(SHOWN)
    page.evaluate("async () => { given.most = 20; given.hidden = ['one']; await plot.draw(); }")
    page.evaluate("async () => { given.most = 30; await plot.draw(); }")
    assert page.evaluate(SHOWN) == zoomed
    assert page.evaluate("area.data.map((one) => [one.name, one.x[1]])") == [
        ["two", 30],
        ["three", 30],
    ]
    page.locator('#box [data-title="Reset axes"]').click(force=True)
    page.wait_for_function("() => area.layout.xaxis.range[1] === 30")  # it follows the data again
    drag_over_the_plot(page)
    page.wait_for_function("() => area.layout.xaxis.range[1] < 30")
    page.evaluate("async () => { given.revision = 'b'; await plot.draw(); }")  # other axes
    assert page.evaluate("area.layout.xaxis.range") == [0, 30]


def test_a_group_that_the_legend_hides_stays_hidden(scripts):
    page = scripts.page
    scripts.call("plots/plot.js", GROWING)
    legend = page.locator("#box .legendtoggle")
    legend.nth(2).click()
    hidden = "area._fullData.filter((one) => one.visible === 'legendonly').map((one) => one.name)"
    page.wait_for_function(f"() => {hidden}.length === 1")
    page.evaluate("async () => { given.hidden = ['one']; await plot.draw(); }")
    assert page.evaluate(hidden) == ["three"]


def test_without_points_the_plot_explains_itself(scripts):
    code = """const r = await load('reducer.js'), p = await load('plots/plot.js');
    const state = { ...r.fromSnapshot(v[0]), candidates: new Map() };
    const figure = (look) => m.paretoFigure(state, v[1], look);
    await new p.Plot(document.getElementById('box'), { figure }).draw();"""
    scripts.call("plots/pareto.js", code, SNAPSHOT, VIEW)
    assert scripts.page.locator("#box .ps-plot-empty").is_visible()
    assert scripts.page.locator("#box .ps-plot").is_hidden()


def test_the_best_candidate_is_the_one_that_the_server_names(scripts):
    code = "return m.bestCandidate(m.fromSnapshot(v[0]))?.number ?? null;"
    assert scripts.call("reducer.js", code, SNAPSHOT) == 2
    for best in (0, None):
        snapshot = {**SNAPSHOT, "run": {**SNAPSHOT["run"], "best": best}}
        assert scripts.call("reducer.js", code, snapshot) == best


def test_newer_markup_only_replaces_what_changed(scripts):
    """So nothing moves under the cursor: unchanged parts keep their very elements."""
    code = """const page = document.createElement('div'), fresh = document.createElement('div');
    const fill = (box, state) => box.replaceChildren(...['one', 'two'].map((name) => {
      const part = document.createElement('p');
      part.dataset.live = name;
      const text = document.createElement('b');
      text.textContent = name === 'one' ? 'same' : state;
      part.append(text);
      return part;
    }));
    fill(page, 'Running');
    const [same, other] = page.querySelectorAll('b');
    fill(fresh, 'Finished');
    m.swapChanged(fresh, page);
    return [page.textContent, page.contains(same), page.contains(other)];"""
    assert scripts.call("swap.js", code) == ["sameFinished", True, False]


@pytest.mark.parametrize("name", ["DARTS_V2", "NASNet-A"])
def test_a_published_network_is_drawn_with_every_edge_and_node(scripts, name):
    drawing = drawing_of(name)
    code = """const svg = m.drawArchitecture(v[0], {size: v[1], title: 'a <b>'});
    document.getElementById('figure').replaceChildren(svg);
    const texts = [...svg.querySelectorAll('text')].map((t) => t.textContent);
    return [svg.querySelectorAll('path').length, texts,
      svg.querySelector('title').textContent, svg.viewBox.baseVal.width > 60];"""
    paths, words, title, wide = scripts.call("graph/draw.js", code, drawing, "full")
    edges = [e for cell in drawing["cells"] for e in cell["edges"] if e["family"] != "none"]
    labelled = [e["label"] for e in edges if e["family"] != "concat"]
    nodes = [n["label"] for cell in drawing["cells"] for n in cell["nodes"]]
    assert paths == len(edges)
    assert sorted(words) == sorted([*labelled, *nodes, "Normal cell", "Reduction cell"])
    assert (title, wide) == ("a <b>", True)
    assert scripts.call("graph/draw.js", code, drawing, "thumb")[1] == []


def drawing_of(name: str):
    network = catalog.load("networks", name)
    architecture = network if isinstance(network, Architecture) else network.architecture
    space = catalog.load("spaces", architecture.space)
    return space(from_mapping(space.Config, architecture.config)).graph(architecture)


def test_a_report_is_updated_every_ten_seconds_while_runs_are_active(scripts):
    """An answer that fails changes nothing; after the last run has ended, nothing is asked."""
    page = scripts.page
    page.clock.install()
    code = """const report = (text, busy) => `<div id="report-body">
      <div data-live="figures-1" data-busy="${busy}">${text}</div></div>`;
    const answers = [null, report("1 of 2 ended", 1), report("2 of 2 ended", 0)];
    const read = (markup) => new DOMParser().parseFromString(markup, "text/html").body.firstChild;
    document.body.append(read(report("0 of 2 ended", 1)));
    document.body.dataset.asked = document.body.dataset.drawn = 0;
    document.addEventListener("report-data", () => { document.body.dataset.drawn++; });
    window.fetch = async () => {
      const answer = answers[document.body.dataset.asked++];
      if (answer === null) throw new TypeError("no connection");
      return new Response(answer);
    };"""
    scripts.call("report.js", code)
    figures, body = page.locator("[data-live]"), page.locator("body")
    page.clock.run_for(9_000)
    expect(body).to_have_attribute("data-asked", "0")
    for asked, (text, drawn) in enumerate(
        [("0 of 2 ended", "0"), ("1 of 2 ended", "1"), ("2 of 2 ended", "2")], start=1
    ):
        page.clock.run_for(10_000)
        expect(body).to_have_attribute("data-asked", str(asked))
        expect(body).to_have_attribute("data-drawn", drawn)
        expect(figures).to_have_text(text)
    expect(figures).to_have_attribute("data-busy", "0")
    page.clock.run_for(30_000)
    expect(body).to_have_attribute("data-asked", "3")


@pytest.mark.trap(13)
def test_a_graph_of_thousands_of_nodes_is_not_laid_out(scripts):
    code = """const figure = document.getElementById("figure");
    const nodes = Array.from({ length: v[0] }, (_, id) => ({ id, label: `${id}`, role: "node" }));
    const edges = nodes.slice(1).flatMap(({ id }) => [1, 2, 3].filter((back) => back <= id).map(
      (back) => ({ source: id - back, target: id, label: "conv", family: "conv" })));
    m.showDrawing(figure, { cells: [{ name: "cell", nodes, edges }] }, "a network");
    return [figure.querySelectorAll("svg").length, figure.textContent.trim()];"""
    drawn, _ = scripts.call("graph/mount.js", code, 30)
    assert drawn == 1
    drawn, text = scripts.call("graph/mount.js", code, 4000)
    assert drawn == 0
    assert text.startswith("Too large to draw: a cell has 15,994 nodes and edges, at most 1500")
    decisions = [{"name": "kernel", "option": "3 x 3"}]
    code = """const figure = document.getElementById("figure");
    m.showDrawing(figure, { decisions: v[0] }, "a network");
    return figure.textContent;"""
    assert scripts.call("graph/mount.js", code, decisions) == "kernel3 x 3"


@pytest.mark.trap(34)
def test_a_value_that_is_missing_is_a_gap_in_the_line_of_a_candidate(scripts):
    """A run without a setting stays in the plot; its line does not jump over the axis."""
    code = """const axis = (name, values) =>
      ({ name, title: name, values, options: null, log: false, better: "lower", range: null });
    const axes = [axis("a", [1, 2]), axis("b", [1, null]), axis("c", [1, 2]), axis("d", [1, 2])];
    const look = { dominated: "#777777", quiet: "#777777", ink: "#000000", surface: "#ffffff" };
    const state = { axes, numbers: [0, 1], front: new Set([0]), pointed: null, colour: "#0072B2" };
    const text = m.parallelSvg(state, look, 600, 200);
    const paths = [...text.matchAll(/<path d="([^"]*)"/g)].map((found) => found[1]);
    return paths.map((path) => path.replace(/[^ML]/g, ""));"""
    assert scripts.call("plots/parallel.js", code) == ["MLLL", "MML"]
