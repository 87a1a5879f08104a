"""The page of an entry: who may change what, evaluations by protocol, difference, queries."""

from __future__ import annotations

import pytest
from django.test import Client

from nasengine.catalog import load
from tests.fixtures.evaluations import finish_export, finish_trainings, make_evaluation
from tests.fixtures.html_reader import read
from webapp.architectures.models import CatalogueEntry
from webapp.architectures.services.moves import promote
from webapp.evaluations.services.launch import EvaluationSpec, launch_evaluation
from webapp.evaluations.subjects import network_subject
from webapp.exports.services.launch import request_export

pytestmark = pytest.mark.django_db
ACTIONS = {
    "move": {"stage": "approved", "reason": "good"},
    "describe": {"note": "mine", "tags": "a"},
    "alias": {"name": "champion"},
    "unalias": {"name": "champion"},
    "version": {"older": "1"},
    "check": {},
}


@pytest.fixture
def entry(team, researcher, make_entry):
    return make_entry(team, researcher, "gate cell")


def address(entry, action=""):
    return f"/architectures/{entry.pk}/{action}"


def stored(entry):
    fresh = CatalogueEntry.objects.get(pk=entry.pk)
    return fresh.stage, fresh.note, fresh.tags, fresh.aliases.count(), fresh.checks.count()


@pytest.mark.parametrize("action", ACTIONS)
def test_who_may_change_an_entry(entry, action, researcher, viewer, stranger, sign_in):
    before = stored(entry)
    anonymous = Client().post(address(entry, action), ACTIONS[action])
    assert (anonymous.status_code, anonymous["Location"][:9]) == (302, "/sign-in/")
    assert sign_in(stranger).post(address(entry, action), ACTIONS[action]).status_code == 404
    assert sign_in(viewer).post(address(entry, action), ACTIONS[action]).status_code == 403
    assert stored(entry) == before
    answer = sign_in(researcher).post(address(entry, action), ACTIONS[action])
    if action in ("describe", "check"):
        assert answer.status_code == 302
        assert stored(entry) != before
    else:
        assert answer.status_code == 200
        assert read(answer).all("p", class_="ps-error")
        assert stored(entry) == before


def test_a_researcher_cannot_approve_and_withdraws_the_own_proposal(entry, researcher, sign_in):
    client = sign_in(researcher)
    page = client.post(address(entry, "move"), {"stage": "approved", "reason": "good"})
    assert b"You need the curator role in Vision to decide." in page.content
    assert client.post(address(entry, "move"), {"stage": "x", "reason": "y"}).status_code == 200
    assert client.post(address(entry, "nothing")).status_code == 404
    page = client.post(address(entry, "move"), {"stage": "retired", "reason": "a mistake"})
    assert page.status_code == 302
    assert stored(entry)[0] == "retired"


def test_what_was_typed_stays_when_a_change_is_refused(entry, curator, sign_in):
    page = sign_in(curator).post(address(entry, "describe"), {"note": "kept", "tags": "x" * 41})
    assert b"Each tag must have at most 40" in page.content
    assert b">kept</textarea>" in page.content
    long = sign_in(curator).post(address(entry, "move"), {"stage": "approved", "reason": "y" * 501})
    assert b"at most 500" in long.content and b"y" * 501 in long.content


def test_aliases_and_versions_on_the_page(entry, team, researcher, curator, make_entry, sign_in):
    newer = make_entry(team, researcher, "newer", seed=2)
    client = sign_in(curator)
    promote(newer, curator, "good")
    assert client.post(address(newer, "version"), {"older": entry.pk}).status_code == 302
    assert client.post(address(newer, "alias"), {"name": "edge"}).status_code == 302
    page = read(client.get(address(entry)))
    assert "Superseded by version 2, newer" in page.one("superseded").text
    assert read(client.get("/architectures/alias/edge/")).one("entry-name").text == "newer"
    assert client.get("/architectures/alias/gone/").status_code == 404
    shown = [c["entry"].name for c in client.get("/architectures/?alias=edge").context[
        "catalogue"].cards]  # fmt: skip
    assert shown == ["newer"]
    latest = client.get("/architectures/?versions=latest").context["catalogue"].cards
    assert [c["entry"].name for c in latest] == ["newer"]
    assert client.post(address(newer, "unalias"), {"name": "edge"}).status_code == 302
    assert stored(newer)[3] == 0


def test_the_list_is_filtered_by_tag_space_and_words(entry, team, make_entry, researcher, sign_in):
    make_entry(team, researcher, "other", seed=2, proposal="quick on the camera")
    client = sign_in(researcher)
    client.post(address(entry, "describe"), {"note": "", "tags": "edge"})

    def shown(**asked):
        page = client.get("/architectures/", asked)
        return [card["entry"].name for card in page.context["catalogue"].cards]

    assert shown(tag="edge") == ["gate cell"]
    assert shown(text="CAMERA quick") == ["other"]
    assert shown(text=entry.canonical_id[:10]) == ["gate cell"]
    assert shown(space="nb201") == ["other", "gate cell"]
    assert shown(space="cell") == []
    options = client.get("/architectures/").context["options"]
    assert options == {"tags": ["edge"], "aliases": [], "spaces": ["nb201"]}


def evaluated(team, entry, protocol, errors, **spec):
    evaluation = make_evaluation(
        team, run=entry.candidate.run, protocol=protocol, seeds=tuple(range(len(errors))), **spec
    )
    return finish_trainings(evaluation, errors)


def published(team, name, protocol, error, **spec):
    spec = EvaluationSpec(protocol=protocol, seeds=(0,), **spec)
    evaluation = launch_evaluation(team, None, network_subject(name), spec)
    return finish_trainings(evaluation, [error])


def tables(client, entry):
    page = read(client.get(address(entry)))
    return [
        [(row[0], row[1].split()[0]) for row in table.rows()]
        for table in page.all(data_testid="protocol-table")
    ]


def test_published_networks_stand_next_to_an_entry_only_under_its_own_protocol(
    entry, team, other_team, viewer, sign_in
):
    client = sign_in(viewer)
    assert b"Not evaluated yet" in client.get(address(entry)).content
    evaluated(team, entry, "quick", [6.0, 8.0])
    published(team, "DARTS_V2", "quick", 5.0)
    published(team, "ENAS", "quick", 4.0, changes={"epochs": 7})
    published(other_team, "NASNet-A", "quick", 3.0)
    assert tables(client, entry) == [[("DARTS_V2", "5.00"), ("gate cell", "7.00")]]
    evaluated(team, entry, "quick", [9.0], changes={"epochs": 7})
    assert sorted(tables(client, entry)) == [
        [("DARTS_V2", "5.00"), ("gate cell", "7.00")],
        [("ENAS", "4.00"), ("gate cell", "9.00")],
    ]


def test_exports_and_their_reports_are_on_the_page(entry, team, researcher, sign_in):
    evaluation = evaluated(team, entry, "quick", [6.0])
    finish_export(request_export(evaluation.trainings.get(), researcher, "onnx", {}))
    page = read(sign_in(researcher).get(address(entry)))
    assert len(page.one("exports").rows()) == 1
    assert page.one("report").rows()[0][0] == "model.onnx"


def test_the_difference_to_another_entry(entry, team, researcher, make_entry, sign_in, stranger):
    other = make_entry(team, researcher, "other", seed=2)
    client = sign_in(researcher)
    page = read(client.get(address(entry), {"with": other.pk}))
    sentence = page.one("difference-sentence").text
    assert "From other to this one:" in sentence
    assert "edges differ" in sentence
    assert "error +0 %" in sentence
    for wrong in (entry.pk, "x", "9" * 30, make_entry(stranger.teams.get(), None, "t", 3).pk):
        assert client.get(address(entry), {"with": wrong}).context["compared"] is None
    broken = {**other.architecture, "genome": "|none~0|"}
    CatalogueEntry.objects.filter(pk=other.pk).update(architecture=broken)
    page = client.get(address(entry), {"with": other.pk})
    assert b"They cannot be compared" in page.content
    darts = load("networks", "DARTS_V2").to_json()
    CatalogueEntry.objects.filter(pk=other.pk).update(architecture=darts)
    page = client.get(address(entry), {"with": other.pk})
    assert b"They are of different spaces: cell and nb201" in page.content


def test_queries_of_the_page_do_not_grow(
    entry, team, researcher, viewer, make_entry, sign_in, queries_of
):
    client = sign_in(viewer)
    evaluated(team, entry, "quick", [6.0])
    one = queries_of(lambda: client.get(address(entry)))
    for seed in (2, 3):
        make_entry(team, researcher, f"cell {seed}", seed=seed)
        published(team, ["DARTS_V1", "DARTS_V2"][seed - 2], "quick", 5.0 + seed)
    evaluated(team, entry, "quick", [9.0], changes={"epochs": 7})
    assert queries_of(lambda: client.get(address(entry))) == one
