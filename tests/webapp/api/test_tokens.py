from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.fixtures.api import Caller
from webapp.api.models import ApiToken, Scope
from webapp.api.services import tokens

pytestmark = pytest.mark.django_db


def answered(text: str) -> int:
    return Client().get("/api/me", headers={"Authorization": f"Bearer {text}"}).status_code


def test_a_token_acts_as_its_owner_and_its_text_is_not_stored(researcher):
    text = tokens.issue(researcher, "nightly")
    answer = Client().get("/api/me", headers={"Authorization": f"Bearer {text}"}).json()
    assert answer["username"] == researcher.username
    assert [team["role"] for team in answer["teams"]] == ["researcher"]
    row = ApiToken.objects.get()
    assert row.last_used is not None
    assert not [value for value in vars(row).values() if value == text]


def test_revoked_expired_and_foreign_tokens_and_those_of_inactive_people_are_refused(
    researcher, stranger
):
    text = tokens.issue(researcher, "one")
    row = ApiToken.objects.get()
    assert not tokens.revoke(stranger, row.pk)
    assert answered(text) == 200
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert answered(text) == 401
    ApiToken.objects.update(expires_at=None)
    researcher.is_active = False
    researcher.save()
    assert answered(text) == 401
    researcher.is_active = True
    researcher.save()
    assert answered(text) == 200
    assert tokens.revoke(researcher, row.pk)
    assert answered(text) == 401
    assert answered("nasp_" + "x" * 100_000) == 401
    assert answered("nasp_\u00e9\udcff".encode("latin-1", "replace").decode("latin-1")) == 401


def test_without_a_token_the_answer_is_a_problem_document():
    answer = Client().get("/api/runs")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Bearer"
    assert "Authorization: Bearer TOKEN" in answer.json()["detail"]


def test_a_session_is_no_token(researcher, sign_in):
    assert sign_in(researcher).get("/api/runs").status_code == 401


def test_a_token_is_shown_once_and_revoked_on_the_page(researcher, sign_in):
    client = sign_in(researcher)
    answer = client.post(
        "/account/tokens/", {"name": "nightly", "scope": Scope.WRITE, "days": "30"}
    )
    assert answer.url == "/account/tokens/"  # neither Back nor a reload issues another one
    assert "nasp_" not in str(dict(client.session))
    shown = client.get(answer.url).content.decode()
    text = shown.partition('data-testid="token">')[2].partition("<")[0]
    assert answered(text) == 200
    line = f'data-testid="token-line">export PARETOSCOPE_TOKEN={text}<'
    assert (line in shown, shown.count(text)) == (True, 2)  # no program holds it
    again = client.get("/account/tokens/").content.decode()
    assert text not in again
    assert "nightly" in again
    assert "export PARETOSCOPE_TOKEN=nasp_...<" in again
    assert 'href="/account/tokens/" data-testid="to-tokens"' in again  # the account menu
    row = ApiToken.objects.get()
    assert timedelta(days=29) < row.expires_at - timezone.now() < timedelta(days=31)
    client.post(f"/account/tokens/{row.pk}/revoke")
    assert answered(text) == 401


def test_a_name_of_several_lines_is_refused_beside_its_field(researcher, sign_in):
    page = sign_in(researcher).post("/account/tokens/", {"name": "a\nb", "scope": "read"})
    assert 'data-error="name"' in page.content.decode()
    assert not ApiToken.objects.exists()


def test_a_person_cannot_revoke_a_token_of_another(researcher, stranger, sign_in):
    tokens.issue(researcher, "mine")
    pk = ApiToken.objects.get().pk
    assert sign_in(stranger).post(f"/account/tokens/{pk}/revoke").status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_a_token_that_reads_changes_nothing(researcher, team):
    answer = Caller(researcher, Scope.READ).post("/runs", {"name": "a run"})
    assert answer.status_code == 403
    assert "may only read" in answer.json()["detail"]
