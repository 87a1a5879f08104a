"""The catalogue's pages: what they show, who sees them, what the address holds."""

from __future__ import annotations

import json

import pytest

from tests.fixtures.html_reader import read
from webapp.architectures.models import CatalogueEntry
from webapp.architectures.services.moves import promote, reject

pytestmark = pytest.mark.django_db
LIST = "/architectures/"


@pytest.fixture
def three(team, researcher, make_entry):
    return [make_entry(team, researcher, f"cell {n}", seed=n) for n in (1, 2, 3)]


def shown(client, **asked) -> list[str]:
    page = client.get(LIST, asked)
    return [card["entry"].name for card in page.context["catalogue"].cards]


def test_an_empty_catalogue_says_what_will_appear(viewer, sign_in):
    page = read(sign_in(viewer).get(LIST))
    assert "No architectures yet" in page.one("catalogue-empty").text


def test_a_card_has_name_stage_values_and_origin(team, viewer, researcher, make_entry, sign_in):
    entry = make_entry(team, researcher, "gate <b>cell</b>")
    response = sign_in(viewer).get(LIST)
    card = read(response).one(f"entry-{entry.pk}").text
    for words in ("gate <b>cell</b>", "Proposed", "5.00 %", "2.50 M", "a run #0", "by rosa"):
        assert words in card, words
    assert b"<b>cell" not in response.content


def test_filter_search_sort_and_pages_live_in_the_address(three, viewer, curator, sign_in):
    promote(three[0], curator, "good")
    client = sign_in(viewer)
    assert shown(client) == ["cell 3", "cell 2", "cell 1"]
    assert shown(client, sort="oldest") == ["cell 1", "cell 2", "cell 3"]
    assert shown(client, stage="approved") == ["cell 1"]
    assert shown(client, text="LL 2") == ["cell 2"]
    assert shown(client, text="50% off") == []
    assert shown(client, stage="nonsense", sort="x", size="-1", page="99") == [
        "cell 3",
        "cell 2",
        "cell 1",
    ]
    assert shown(client, text="\0" + "x" * 100_000) == []


def test_other_teams_entries_do_not_exist(three, stranger, sign_in):
    client = sign_in(stranger)
    assert shown(client) == []
    assert client.get(f"{LIST}{three[0].pk}/").status_code == 404
    assert client.get(f"{LIST}999999/").status_code == 404


def test_one_entry_tells_everything(three, viewer, curator, sign_in):
    entry = reject(three[0], curator, "too slow")
    response = sign_in(viewer).get(f"{LIST}{entry.pk}/")
    page = read(response)
    assert page.one("entry-name").text == "cell 1"
    assert page.one("entry-stage").text == "Rejected"
    assert page.one("entry-reason").text == "too slow"
    history = page.one("entry-history").text
    assert history.index("Rejected") < history.index("too slow") < history.index("Kept")
    assert "by carl" in history
    assert page.one("architecture-text").text.startswith("|")
    rows = page.one("measurements").rows()
    assert [row[0] for row in rows] == ["error", "params"]
    assert json.loads(response.context["architecture_json"]) == entry.architecture
    assert b'data-testid="review"' not in response.content
    assert b'data-testid="review"' in sign_in(curator).get(f"{LIST}{entry.pk}/").content


def test_an_entry_outlives_its_run(three, viewer, sign_in):
    entry = three[0]
    entry.candidate.run.delete()
    page = sign_in(viewer).get(f"{LIST}{entry.pk}/")
    assert page.status_code == 200 and b"(deleted)" in page.content
    assert CatalogueEntry.objects.filter(pk=entry.pk).exists()


def test_queries_do_not_grow(team, viewer, researcher, make_entry, sign_in, queries_of):
    client = sign_in(viewer)
    make_entry(team, researcher, seed=1)
    one = queries_of(lambda: client.get(LIST))
    make_entry(team, researcher, seed=2)
    make_entry(team, researcher, seed=3)
    assert queries_of(lambda: client.get(LIST)) == one
