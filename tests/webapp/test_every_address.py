"""Every address of the site: who may open it. An address that is not listed here fails.

Strangers get 404 for whatever belongs to a team: what may not be known to exist is not told.
"""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from tests.webapp.making import done, make_run, make_slot, take
from webapp.architectures.services import keep
from webapp.runs.services import claims

pytestmark = pytest.mark.django_db

# Address pattern -> how it is guarded. "open": without signing in; "person": anybody signed
# in; "team": shows the current team's rows alone; an action: of the object's team.
GUARDS = {
    "": "team",
    "healthz": "open",
    "sign-in/": "open",
    "sign-out/": "open",
    "team/switch": "person",
    "account/": "person",
    "runs/": "team",
    "runs/new": "launch",
    "runs/new/part/<str:kind>": "launch",
    "runs/new/cost": "launch",
    "runs/<int:pk>/": "view",
    "runs/<int:pk>/snapshot.json": "view",
    "runs/<int:pk>/events/": "view",
    "runs/<int:pk>/candidates/<int:number>/": "view",
    "runs/<int:pk>/candidates/<int:number>/graph.json": "view",
    "runs/<int:pk>/candidates/<int:number>/keep": "keep",
    "runs/<int:pk>/<str:action>": "control",
    "compare": "team",
    "architectures/": "team",
    "architectures/<int:pk>/": "view",
}
POSTS = ("keep", "control")
OBJECTS = [p for p, guard in GUARDS.items() if "<int:pk>" in p]


def walk(patterns=None, before: str = "") -> list[str]:
    """Every pattern but the admin's, which tests of its own walk."""
    found = []
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            found.append(here)
        elif not here.startswith("admin/"):
            found += walk(pattern.url_patterns, here)
    return found


@pytest.fixture
def addresses(team, researcher):
    """Pattern -> an address of it that exists."""
    run = make_run(team, candidates=2)
    slot = make_slot()
    held = take(slot)
    claims.finish(held, done(held.number))
    entry = keep(run.candidates.get(number=held.number), researcher)
    parts = {"<int:number>": str(held.number), "<str:kind>": "space", "<str:action>": "pause"}

    def address(pattern: str) -> str:
        pk = entry.pk if pattern.startswith("architectures") else run.pk
        text = pattern.replace("<int:pk>", str(pk))
        for part, value in parts.items():
            text = text.replace(part, value)
        return "/" + text

    return {pattern: address(pattern) for pattern in GUARDS}


def ask(client: Client, pattern: str, address: str):
    return client.post(address) if GUARDS[pattern] in POSTS else client.get(address)


def test_every_address_is_listed():
    assert sorted(walk()) == sorted(GUARDS)


@pytest.mark.parametrize("pattern", [p for p, guard in GUARDS.items() if guard != "open"])
def test_the_signed_out_are_sent_to_sign_in(pattern, addresses):
    answer = ask(Client(), pattern, addresses[pattern])
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize("pattern", OBJECTS)
def test_strangers_learn_nothing(pattern, addresses, stranger, sign_in):
    client = sign_in(stranger)
    answer = ask(client, pattern, addresses[pattern])
    nowhere = addresses[pattern].split("/")
    nowhere[2] = "987654321"
    missing = ask(client, pattern, "/".join(nowhere))
    assert answer.status_code == missing.status_code == 404
    assert answer.content == missing.content or b"a run" not in answer.content


@pytest.mark.parametrize(
    "pattern", [p for p, guard in GUARDS.items() if guard in ("launch", "keep", "control")]
)
def test_viewers_change_nothing(pattern, addresses, viewer, sign_in):
    client = sign_in(viewer)
    assert client.post(addresses[pattern]).status_code in (403, 405)
    if GUARDS[pattern] == "launch":
        assert client.get(addresses[pattern]).status_code in (403, 405)


@pytest.mark.parametrize("pattern", [p for p, guard in GUARDS.items() if guard == "view"])
def test_viewers_see_what_belongs_to_their_team(pattern, addresses, viewer, sign_in):
    assert sign_in(viewer).get(addresses[pattern]).status_code == 200


@pytest.mark.parametrize("pattern", [p for p, guard in GUARDS.items() if guard != "open"])
@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_no_address_knows_other_methods(pattern, method, addresses, owner, sign_in):
    answer = getattr(sign_in(owner), method)(addresses[pattern])
    assert answer.status_code in (404, 405)
