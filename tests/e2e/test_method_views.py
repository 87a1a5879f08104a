"""The view of every strategy, drawn by a real browser."""

from __future__ import annotations

import json

import pytest

from nasengine.catalog import load, names
from tests.fixtures.candidate_columns import columns_of
from tests.fixtures.outcomes import WORLDS, proposals
from tests.fixtures.page_states import ROWS, SNAPSHOT
from tests.fixtures.small_settings import SMALL

DRAW = """const r = await load('reducer.js');
const [kind, views, snapshot, plotted] = v;
const box = document.createElement('div');
document.body.append(box);
const page = { dataset: { candidates: '/runs/1/candidates/' } };
const show = m.VIEWS[kind](box, page, () => 'a run');
const state = r.fromSnapshot(snapshot);
for (const view of views) show(view, state);
for (let i = 0; plotted && i < 600 && !box.querySelector('.main-svg'); i += 1) {
  await new Promise((done) => setTimeout(done, 100));
}
const drawn = { text: box.innerText, plots: [...box.querySelectorAll('.main-svg')].length,
  links: [...box.querySelectorAll('a')].map((a) => a.getAttribute('href')) };
box.remove();
return drawn;"""
SHOWN = {
    "population": ["Population", "Survival", "Members, oldest first"],
    "climbs": ["Climbs", "Neighbours measured"],
    "policy": ["Reward and entropy", "op 0 to 1", "nor_conv_3x3"],
    "stages": ["Selected candidates", "Best error", "Best compromise", "neighbours of the front"],
    "family": ["Learned settings", "Population, oldest first"],
    "sharing": ["Supernet", "Losses over epochs", "Stand-alone training", "With shared weights"],
    "mutations": ["Gain per mutation", "Latest mutations", "op 1 to 3"],
}
PLOTS = ("sharing", "policy", "stages", "family", "mutations")
WITH_VIEW = [name for name in names("strategies") if load("strategies", name).view_kind]


def snapshot_of(world, strategy, asked):
    """A run's snapshot with the candidates that the strategy asked for."""
    snapshot = json.loads(json.dumps(SNAPSHOT))
    template = ROWS[0]
    goals = [goal.__dict__ for goal in strategy.task.goals]
    snapshot["run"]["goals"] = goals
    rows = [
        {
            **template,
            "number": one.number,
            "parents": list(one.parents),
            "origin": one.origin,
            "architecture_id": one.architecture.id,
            "values": {
                m.objective: {"value": m.value, "unit": m.unit, "method": "measured"}
                for m in world.ending(one).measurements
            },
        }
        for one in asked
    ]
    snapshot["candidates"] = columns_of(rows, [goal["name"] for goal in goals])
    return snapshot


@pytest.mark.parametrize("name", WITH_VIEW)
def test_the_view_is_drawn_from_its_beginning_on(scripts, name):
    world = WORLDS["three"]
    strategy = world.strategy(name, **SMALL.get(name, {}))
    views = [json.loads(json.dumps(strategy.view()))]
    asked = proposals(strategy, world, 60)
    views.append(json.loads(json.dumps(strategy.view())))
    kind = strategy.view_kind
    given = (kind, views, snapshot_of(world, strategy, asked), kind in PLOTS)
    drawn = scripts.call("run/method.js", DRAW, *given)
    missing = [word for word in SHOWN[kind] if word not in drawn["text"]]
    assert not missing, drawn["text"][:800]
    assert "undefined" not in drawn["text"]
    assert "NaN" not in drawn["text"]
    assert (drawn["plots"] > 0) == (kind in PLOTS)
    assert bool(drawn["links"]) == (kind != "policy")


def test_every_kind_of_view_is_drawn(scripts):
    kinds = scripts.call("run/method.js", "return Object.keys(m.VIEWS);")
    assert set(kinds) == {load("strategies", name).view_kind for name in WITH_VIEW}


SCRUB = """const r = await load('reducer.js');
const [views, snapshot] = v;
const box = document.createElement('div');
document.body.append(box);
const page = { dataset: { candidates: '/runs/1/candidates/' } };
const show = m.VIEWS.sharing(box, page, () => 'a run');
const state = r.fromSnapshot(snapshot);
show(views[0], state);
const slider = box.querySelector('input[type=range]');
const words = (one) => box.querySelector(one)?.textContent;
const seen = () => [words('output'), words('svg title')];
const told = [seen()];
slider.value = 0;
slider.dispatchEvent(new Event('input'));
told.push(seen());
show(views[1], state);
told.push(seen());
box.querySelector('.ps-scrub button').click();
told.push(seen());
const warning = box.querySelector('.ps-method-warning');
told.push([warning.hidden, warning.textContent.slice(0, 8)]);
box.remove();
return told;"""


def test_the_slider_goes_back_to_an_epoch_stays_there_and_returns(scripts):
    """The selected epoch stays selected when the next one arrives."""
    world = WORLDS["three"]
    strategy = world.strategy("darts", epochs=5, candidates=50)
    views, asked = [], []
    for epochs in (3, 4):
        while strategy.view()["epoch"] < epochs:
            proposal = strategy.ask()
            asked.append(proposal)
            strategy.tell(world.ending(proposal))
        views.append(json.loads(json.dumps(strategy.view())))
    views[1]["warning"] = "Collapse since epoch 4"
    told = scripts.call("run/method.js", SCRUB, views, snapshot_of(world, strategy, asked))
    assert told == [
        ["3 of 3", "The supernet after epoch 3"],
        ["1 of 3", "The supernet after epoch 1"],
        ["1 of 4", "The supernet after epoch 1"],
        ["4 of 4", "The supernet after epoch 4"],
        [False, "Collapse"],
    ]
