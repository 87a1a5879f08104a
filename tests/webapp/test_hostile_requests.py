"""No request is answered with 500: hostile text in every address, form, query, header and cookie.

The addresses are those of `test_every_address`, which fails if one is missing there.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.signals import got_request_exception
from django.db import OperationalError, transaction
from django.test import Client
from django.urls import get_resolver
from psycopg.errors import AdminShutdown, DeadlockDetected

from tests.fixtures.html_reader import read
from tests.webapp.test_every_address import GUARDS, addresses
from webapp.accounts.models import User
from webapp.common.outage import is_outage

pytestmark = pytest.mark.django_db
__all__ = ["addresses"]  # a fixture

TEXTS = [
    "\0",
    "a\0b",
    "x" * 70_000,
    "9" * 30,
    "-1",
    "1e999",
    "nan",
    "[[[",
    '{"a": NaN}',
    '"\\ud800\\u0000"',
    "\u202e%s%n{0}\ufffe",
    "٣",
    "x,y,,",
    f"table:x@{'0' * 64}",
    "../../etc/passwd",
]
PARAMETERS = [
    "page",
    "size",
    "sort",
    "text",
    "stage",
    "state",
    "runs",
    "run",
    "clone",
    "again",
    "preset",
    "rows",
    "selected",
    "next",
    "space",
    "strategy",
    "estimator",
    "dataset",
    "objectives",
    "constraints",
    "candidates",
    "in_flight",
    "seed",
    "name",
    "tags",
    "question",
    "methods",
    "seeds",
    "estimator_config.path",
    "strategy_config.population",
    "space_config.cells",
    "dataset_config.path",
]
GROUPS = 4
ROUNDS = 3  # of texts for each address
PATHS = ["9" * 25, "9" * 5000, "-1", "%00", "%ED%A0%80", "x" * 3000, "%2e%2e%2f", "0", "٣"]
COOKIES = [
    'sessionid="\\000"',
    'csrftoken="\\000"; messages="\\000"',
    "messages=a:b:c",
    "sessionid=" + "x" * 5000,
    "=;;=",
]
HOSTS = ["evil.test", "[", "a:b", "x" * 300, "\xff", ""]
ADMIN_QUERY = [
    "q",
    "o",
    "p",
    "all",
    "e",
    "_changelist_filters",
    "is_active__exact",
    "role__exact",
    "id__gt",
    "team__id__exact",
    "_to_field",
    "state__exact",
    "app_label",
    "model_name",
    "field_name",
    "term",
]


class Failures:
    """The exceptions that became a 500, each with its request."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def note(self, sender: object, request=None, **_: object) -> None:
        self.found.append(
            f"{request.method} {request.get_full_path()[:200]}: {sys.exc_info()[1]!r}"
        )


@pytest.fixture
def failures() -> Iterator[Failures]:
    failures = Failures()
    got_request_exception.connect(failures.note)
    yield failures
    got_request_exception.disconnect(failures.note)
    assert failures.found == []


def send(client: Client, method: str, address: str, data=None, **more):
    """Send a request whose changes are rolled back."""
    client.raise_request_exception = False
    with transaction.atomic():
        answer = getattr(client, method)(address, data or {}, **more)
        transaction.set_rollback(True)
    return answer


def fields_of(answer) -> set[str]:
    if answer.status_code != 200 or "html" not in answer.headers.get("Content-Type", ""):
        return set()
    page = read(answer)
    names = {
        e.attributes.get("name") for tag in ("input", "select", "textarea") for e in page.all(tag)
    }
    return names - {None}


def some(texts: list[str], start: int, rounds: int = ROUNDS) -> list[str]:
    """Return texts at equal distances; other starts give others, so that each is used somewhere."""
    step = len(texts) // rounds
    return [texts[(start + step * turn) % len(texts)] for turn in range(rounds)]


def test_no_text_in_a_query_or_form_fails(addresses, researcher, sign_in, failures):
    client = sign_in(researcher)
    for number, address in enumerate(addresses.values()):
        fields = fields_of(send(client, "get", address)) or PARAMETERS
        for text in some(TEXTS, number):
            send(client, "get", address, dict.fromkeys(PARAMETERS, text))
            send(client, "post", address, dict.fromkeys(fields, text))


def test_no_few_parameters_fail(addresses, researcher, sign_in, failures):
    client = sign_in(researcher)
    for address in addresses.values():
        for first in range(GROUPS):  # few at once, so that an early refusal hides little
            names = PARAMETERS[first::GROUPS]
            send(client, "get", address, dict.fromkeys(names, "a\0" + "9" * 30))


def refused(pattern: str) -> tuple[int, ...]:
    """Return the statuses of a refusal; addresses of agents ask for a token first."""
    if pattern.startswith("password/reset/<"):
        return (200, 400, 404)  # Django's page that says why the link is not valid
    return (400, 401, 404, 405) if GUARDS[pattern] == "token" else (400, 404, 405)


def test_no_part_of_an_address_fails(addresses, researcher, sign_in, failures):
    client = sign_in(researcher)
    for part in PATHS:
        for pattern in GUARDS:
            address = "/" + re.sub(r"<(?:\w+:)?\w+>", part, pattern)
            if "<" in pattern:
                assert send(client, "get", address).status_code in refused(pattern), address
                assert send(client, "post", address).status_code in refused(pattern), address


def test_no_header_or_cookie_fails(addresses, researcher, sign_in, failures):
    member = sign_in(researcher)
    form = {"username": "rosa", "password": "wrong"}
    texts = [text[:2000] for text in TEXTS if text.isascii()][::3]
    for first, text in enumerate(texts):
        headers = dict.fromkeys(("User-Agent", "Accept", "Referer", "HX-Target", "Range"), text)
        headers |= {"Accept-Language": text, "If-Modified-Since": text, "X-Forwarded-For": text}
        send(Client(), "post", "/sign-in/", form, headers=headers)
        for address in list(addresses.values())[first :: len(texts)]:
            send(member, "get", address, headers={**headers, "HX-Request": "true"})
    for cookie in COOKIES:
        for address in ("/", "/healthz", "/nothing", "/sign-in/"):
            send(Client(), "get", address, headers={"Cookie": cookie})
        send(Client(), "post", "/sign-in/", form, headers={"Cookie": cookie})
    for host in HOSTS:
        for address in ("/", "/healthz", "/nothing", "/static/x", "/admin/"):
            answer = send(Client(), "get", address, headers={"Host": host})
            assert answer.status_code == 400, (host, address)


def admin_addresses() -> list[str]:
    """Every address of the admin, with a 1 for each part."""
    (admin,) = (p for p in get_resolver().url_patterns if str(p.pattern) == "admin/")

    def walk(patterns, before: str) -> Iterator[str]:
        for pattern in patterns:
            here = before + str(pattern.pattern)
            if hasattr(pattern, "url_patterns"):
                yield from walk(pattern.url_patterns, here)
            else:
                yield here

    found = (re.sub(r"<(?:\w+:)?\w+>", "1", p) for p in walk(admin.url_patterns, "/admin/"))
    return sorted({"/admin/accounts/" if "(?P" in address else address for address in found})


@pytest.mark.parametrize("role", ["administrator", "owner"])
def test_nothing_in_the_admin_fails(addresses, owner, sign_in, failures, role):
    boss = User.objects.create_superuser("boss") if role == "administrator" else owner
    client = sign_in(boss)
    for number, address in enumerate(admin_addresses()):
        fields = fields_of(send(client, "get", address))
        for text in some(["\0", "[[[", "9" * 30], number, 2 if role == "administrator" else 1):
            send(client, "get", address, dict.fromkeys(ADMIN_QUERY, text))
            form = {**dict.fromkeys(fields, text), "action": text, "_selected_action": text}
            send(client, "post", address, {**form, "post": "yes"})


def test_the_admins_links_to_objects_lead_somewhere_or_nowhere(addresses, sign_in, failures):
    client = sign_in(User.objects.create_superuser("boss"))
    for model in apps.get_models():
        kind, found = ContentType.objects.get_for_model(model), model._base_manager.first()
        for key in (found.pk if found else 1, "3", "x", "9" * 30, "%00"):
            assert send(client, "get", f"/admin/r/{kind.pk}/{key}/").status_code in (302, 404)


def test_the_typed_text_survives_a_nul(researcher, sign_in):
    client = sign_in(researcher)
    form = {"name": "kept\0", "question": "What\0 now?", "space": "nb201", "candidates": "none"}
    page = client.post("/studies/new", form).content.decode()
    assert "kept\ufffd" in page and "What\ufffd now?" in page
    page = client.post("/runs/new", {"name": "kept\0", "strategy": "none"}).content.decode()
    assert "kept\ufffd" in page


@pytest.fixture
def outage(monkeypatch):
    """Let every statement fail, as without PostgreSQL."""

    def unreachable(*_: object, **__: object) -> None:
        raise OperationalError("the server is down\nreally")

    monkeypatch.setattr("django.db.backends.utils.CursorWrapper.execute", unreachable)


def test_without_the_database_pages_and_api_answer_503_in_one_line_of_the_log(
    outage, monkeypatch, capsys
):
    stderr = logging.StreamHandler(sys.stderr)
    monkeypatch.setattr(logging.getLogger("django"), "handlers", [stderr])
    client = Client(raise_request_exception=False, headers={"Cookie": "sessionid=" + "a" * 32})
    page = client.get("/")
    assert page.status_code == 503 and page["Retry-After"]
    assert "The database cannot be reached" in page.content.decode()
    assert capsys.readouterr().err.splitlines() == ["Service Unavailable: /: the server is down"]
    document = client.get("/api/runs", headers={"Authorization": "Bearer nasp_" + "a" * 43})
    assert document.status_code == 503 and document["Retry-After"]
    assert "cannot be reached" in document.json()["detail"]
    assert "Traceback" not in capsys.readouterr().err


def test_a_statement_that_fails_is_no_outage():
    error = OperationalError("deadlock detected")
    error.__cause__ = DeadlockDetected()
    assert not is_outage(error)
    error.__cause__ = AdminShutdown()
    assert is_outage(error)


@pytest.mark.parametrize("cookie", ["", "sessionid=" + "a" * 32, 'sessionid="\\000"'])
def test_the_health_check_needs_no_session(outage, cookie, failures):
    client = Client(raise_request_exception=False, headers={"Cookie": cookie})
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["database"] is False
