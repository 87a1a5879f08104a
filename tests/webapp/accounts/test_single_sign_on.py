"""Sign-in through OpenID Connect, against a provider on this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from tests.fixtures.oidc_provider import CLIENT_ID, SECRET, oidc_provider
from webapp.accounts.models import AuditEntry, Membership, User
from webapp.accounts.services.invitations import invite
from webapp.accounts.sessions import user_of_session
from webapp.settings.single_sign_on import oidc_providers

pytestmark = pytest.mark.django_db
ADA = {
    "sub": "1",
    "preferred_username": "ada",
    "email": "ada@example.org",
    "email_verified": True,
    "given_name": "Ada",
    "family_name": "Lovelace",
}


@pytest.fixture(scope="module")
def running():
    with oidc_provider() as found:
        yield found


@pytest.fixture
def provider(running, settings):
    """The provider, set up here; people join by invitation only."""
    settings.OIDC_URL, settings.OIDC_NAME = running.url, "Campus"
    settings.SOCIALACCOUNT_PROVIDERS = oidc_providers(running.url, CLIENT_ID, SECRET, "Campus")
    running.claims, running.audience = ADA, CLIENT_ID
    return running


def come(client: Client, following: str = "") -> str:
    """Go to the provider and back; return where the person is sent then."""
    away = client.get("/sign-in/oidc/", {"next": following} if following else {})
    assert away.status_code == 302
    back = requests.get(away.headers["Location"], allow_redirects=False, timeout=60)
    parts = urlsplit(back.headers["Location"])
    assert parts.path == "/sign-in/oidc/back/"
    return client.get(f"{parts.path}?{parts.query}").headers["Location"]


def text_at(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_it_is_off_without_a_setting():
    client = Client()
    assert client.get("/sign-in/oidc/").status_code == 404
    assert client.get("/sign-in/other/").status_code == 404
    assert "single-sign-on" not in text_at(client, "/sign-in/")


def test_strangers_need_an_invitation(provider, team, owner):
    client = Client()
    assert "Continue with Campus" in text_at(client, "/sign-in/")
    assert come(client) == "/sign-in/"
    assert "Your account of Campus is not known here" in text_at(client, "/sign-in/")
    assert not User.objects.filter(username="ada").exists()
    page = f"/join/{invite(team, owner, 'curator')}/"
    assert f"/sign-in/oidc/?next={page.replace('/', '%2F')}" in text_at(client, page)
    assert come(client, page) == page
    ada = User.objects.get(username="ada")
    assert (ada.get_full_name(), ada.email) == ("Ada Lovelace", "ada@example.org")
    assert not ada.has_usable_password()
    assert Membership.objects.get(user=ada).role == "curator"
    assert user_of_session(client.cookies["sessionid"].value) == ada
    texts = list(AuditEntry.objects.filter(user=ada).order_by("pk").values_list("text", flat=True))
    assert texts[0] == "created the account by Campus" and texts[-1] == "signed in"
    # The invitation is used up; the account is known from now on.
    provider.claims = {**ADA, "sub": "2", "preferred_username": "eve"}
    assert come(Client(), page) == "/sign-in/"
    provider.claims = ADA
    again = Client()
    assert come(again, "/runs/") == "/runs/" and again.get("/runs/").status_code == 200
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert again.get("/runs/").status_code == 302
    assert come(again) == "/sign-in/" and "deactivated" in text_at(again, "/sign-in/")


@pytest.mark.parametrize(
    ("email", "verified", "joins"),
    [
        ("ada@example.org", True, True),
        ("ada@EXAMPLE.org", True, True),
        ("ada@example.org", False, False),
        ("ada@sub.example.org", True, False),
        ("example.org", True, False),
    ],
)
def test_a_verified_address_of_a_domain_joins_the_team(
    provider, team, settings, email, verified, joins
):
    settings.OIDC_DOMAINS, settings.OIDC_TEAM, settings.OIDC_ROLE = (
        ["example.org"],
        "Vision",
        "viewer",
    )
    provider.claims = {**ADA, "email": email, "email_verified": verified}
    assert come(Client()) == ("/" if joins else "/sign-in/")
    found = Membership.objects.filter(user__username="ada", team=team)
    assert list(found.values_list("role", flat=True)) == ["viewer"] * joins


def test_the_same_name_or_address_is_no_proof(provider, team, settings, researcher):
    """An account is found by the provider's identifier; a name that is taken gets another one."""
    settings.OIDC_DOMAINS, settings.OIDC_TEAM = ["example.org"], "Vision"
    User.objects.filter(pk=researcher.pk).update(username="ada", email="ada@example.org")
    client = Client()
    assert come(client) == "/"
    user = user_of_session(client.cookies["sessionid"].value)
    assert user is not None and user.pk != researcher.pk and user.username != "ada"


def test_an_account_is_connected_and_disconnected_on_the_account_page(
    provider, researcher, viewer, sign_in
):
    client = sign_in(researcher)
    assert come(client) == "/"  # without a question on the account page
    assert not SocialAccount.objects.exists()
    page = client.post("/account/single-sign-on/connect")
    assert page.headers["Refresh"] == "0; url=/sign-in/oidc/"
    assert come(client) == "/account/"
    assert SocialAccount.objects.get().user == researcher
    assert "Disconnect" in text_at(client, "/account/")
    fresh = Client()
    assert come(fresh) == "/"
    assert user_of_session(fresh.cookies["sessionid"].value) == researcher
    other = sign_in(viewer)
    other.post("/account/single-sign-on/connect")
    assert come(other) == "/account/" and "connected to another user" in text_at(other, "/account/")
    # Signing out ends the session.
    key = fresh.cookies["sessionid"].value
    fresh.post("/sign-out/")
    assert user_of_session(key) is None
    client.post("/account/single-sign-on/disconnect")
    assert not SocialAccount.objects.exists()
    researcher.set_unusable_password()
    researcher.save()
    SocialAccount.objects.create(user=researcher, provider="oidc", uid="1")
    client = sign_in(researcher)
    client.post("/account/single-sign-on/disconnect")
    assert SocialAccount.objects.exists() and "Not disconnected" in text_at(client, "/account/")


def test_wrong_answers_sign_no_one_in(provider, settings, team):
    settings.OIDC_DOMAINS, settings.OIDC_TEAM = ["example.org"], "Vision"
    client = Client()
    for query in ("", "?code=x&state=forged", "?error=access_denied&state=x"):
        answer = client.get(f"/sign-in/oidc/back/{query}")
        assert answer.headers["Location"] == "/sign-in/"
    provider.audience = "another program"
    assert come(client) == "/sign-in/" and "did not confirm who you are" in text_at(
        client, "/sign-in/"
    )
    settings.SOCIALACCOUNT_PROVIDERS = oidc_providers("http://127.0.0.1:9", CLIENT_ID, SECRET, "x")
    assert client.get("/sign-in/oidc/").headers["Location"] == "/sign-in/"
    assert come_safely(provider, settings) == "/"
    assert User.objects.count() == 1


def come_safely(provider, settings) -> str:
    """Come with an address of another site as the next page."""
    provider.audience = CLIENT_ID
    settings.SOCIALACCOUNT_PROVIDERS = oidc_providers(provider.url, CLIENT_ID, SECRET, "Campus")
    return come(Client(), "https://evil.example/")
