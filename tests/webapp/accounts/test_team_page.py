"""The team page: members, roles, invitations by link, leaving, and the audit trail of it all."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.fixtures.html_reader import errors_of, read
from tests.fixtures.people import PASSWORD, make_user
from webapp.accounts.models import AuditEntry, Invitation, Membership, User
from webapp.accounts.services import invitations

pytestmark = pytest.mark.django_db
STRONG = "a long and strange sentence"


def role_of(user, team) -> str | None:
    return Membership.objects.filter(user=user, team=team).values_list("role", flat=True).first()


def membership(user, team) -> Membership:
    return Membership.objects.get(user=user, team=team)


def account(name: str = "ines") -> dict[str, str]:
    passwords = {"password1": STRONG, "password2": STRONG}
    return {"username": name, "email": "", "first_name": "", "last_name": "", **passwords}


@pytest.fixture
def link(team, owner):
    return f"/join/{invitations.invite(team, owner, 'researcher', 'Ines')}/"


def test_the_link_is_shown_once_and_only_its_hash_is_stored(team, owner, sign_in):
    client = sign_in(owner)
    answer = client.post("/team/", {"role": "curator", "note": "Ines", "days": "1"}, follow=True)
    link = read(answer).one("invitation-link").text
    secret = link.rstrip("/").rpartition("/")[2]
    stored = Invitation.objects.get()
    assert answer.redirect_chain and secret not in str(dict(client.session))
    assert secret not in str(vars(stored)) and stored.role == "curator"
    assert secret not in client.get("/team/").content.decode()
    assert stored.expires_at - timezone.now() < timedelta(days=1)
    assert [row[1] for row in read(client.get("/team/")).one("invitations").rows()] == ["Curator"]


def test_a_wrong_role_or_lifetime_gets_a_message(team, owner, sign_in):
    answer = sign_in(owner).post("/team/", {"role": "king", "days": "900", "note": "x" * 81})
    assert answer.status_code == 422 and set(errors_of(read(answer))) == {"role", "days", "note"}
    assert not Invitation.objects.exists()


def test_accepting_creates_the_account_once(team, link):
    first, second = Client(), Client()
    assert "invites you" in read(first.get(link)).one("join-page").text
    assert first.post(link, account()).headers["Location"] == "/"
    ines = User.objects.get(username="ines")
    assert role_of(ines, team) == "researcher" and first.get("/runs/").status_code == 200
    assert second.get(link).status_code == second.post(link, account("eve")).status_code == 404
    assert not User.objects.filter(username="eve").exists()


def test_accepting_joins_with_an_account(team, other_team, link, sign_in):
    nina = make_user("nina")
    client = sign_in(nina)
    assert "Join as nina" in read(client.get(link)).one("join").text
    assert client.post(link).status_code == 302 and role_of(nina, team) == "researcher"
    assert client.post(link).status_code == 404


def test_a_member_keeps_the_role_and_the_link_stays_valid(team, owner, link, sign_in):
    client = sign_in(owner)
    assert "already" in read(client.post(link)).one("join-page").text
    assert role_of(owner, team) == "owner" and Client().get(link).status_code == 200


@pytest.mark.parametrize("how", ["expired", "revoked", "unknown"])
def test_a_link_that_is_not_valid(team, owner, link, how, sign_in):
    if how == "expired":
        Invitation.objects.update(expires_at=timezone.now())
    elif how == "revoked":
        pk = Invitation.objects.get().pk
        sign_in(owner).post(f"/team/invitations/{pk}/revoke")
    else:
        link = "/join/nasi_" + "x" * 300 + "/"
    assert Client().get(link).status_code == Client().post(link, account()).status_code == 404
    assert sign_in(make_user("nina")).post(link).status_code == 404


def test_wrong_accounts_get_messages_and_use_nothing_up(team, researcher, link):
    cases = {
        "username": account("ROSA"),
        "password2": account() | {"password2": "other"},
        "email": account() | {"email": "not an address"},
    }
    for field, values in cases.items():
        answer = Client().post(link, values)
        assert answer.status_code == 422 and field in errors_of(read(answer))
    assert Client().get(link).status_code == 200


def test_roles_change_and_the_last_owner_stays(team, owner, researcher, viewer, sign_in):
    client = sign_in(owner)
    client.post(f"/team/members/{membership(viewer, team).pk}/role", {"role": "curator"})
    assert role_of(viewer, team) == "curator"
    for address, data in (("role", {"role": "viewer"}), ("remove", {}), ("role", {"role": "king"})):
        client.post(f"/team/members/{membership(owner, team).pk}/{address}", data)
        assert role_of(owner, team) == "owner"
    client.post(f"/team/members/{membership(researcher, team).pk}/remove")
    assert role_of(researcher, team) is None


def test_members_leave_but_change_nobody_else(team, owner, curator, viewer, stranger, sign_in):
    client = sign_in(curator)
    pk = membership(viewer, team).pk
    assert client.post(f"/team/members/{pk}/remove").status_code == 403
    assert client.post(f"/team/members/{pk}/role", {"role": "owner"}).status_code == 403
    assert client.post("/team/", {"role": "owner", "days": "7"}).status_code == 403
    assert sign_in(stranger).post(f"/team/members/{pk}/remove").status_code == 404
    own = f"/team/members/{membership(curator, team).pk}/remove"
    assert client.post(own).headers["Location"] == "/account/"
    assert role_of(curator, team) is None and role_of(viewer, team) == "viewer"


def test_the_audit_trail_names_who_did_what(team, owner, link, sign_in, other_team, stranger):
    Client().post(link, account())
    client = sign_in(owner)
    ines = membership(User.objects.get(username="ines"), team)
    client.post(f"/team/members/{ines.pk}/role", {"role": "viewer"})
    client.post("/account/tokens/", {"name": "nightly", "scope": "read", "days": "30"})
    texts = [(row[1], row[2]) for row in read(client.get("/team/audit/")).one("audit-table").rows()]
    assert ("olga", "changed the role of ines from Researcher to Viewer") in texts
    assert any(who == "ines" and "joined the team" in text for who, text in texts)
    assert any("issued the API token nightly" in text for _, text in texts)
    only = read(client.get("/team/audit/?kind=member&who=ines")).one("audit-table").rows()
    assert [row[1] for row in only] == ["ines"]
    lines = list(csv.reader(io.StringIO(b"".join(client.get("/team/audit.csv")).decode())))
    assert len(lines) == 1 + AuditEntry.objects.filter(team=team).count()
    assert read(sign_in(stranger).get("/team/audit/")).one("audit-table").text.count("ines") == 0


def test_wrong_passwords_are_in_the_trail_without_the_password(team, researcher):
    Client().post("/sign-in/", {"username": "rosa", "password": "secret-guess"})
    Client().post("/sign-in/", {"username": "rosa", "password": PASSWORD})
    Client().post("/sign-in/", {"username": "no-such-person", "password": "x"})
    entries = AuditEntry.objects.filter(kind="sign-in").order_by("pk")
    assert [(e.who, e.text) for e in entries] == [
        ("rosa", "was refused: wrong password"),
        ("rosa", "signed in"),
    ]
    assert all(e.address == "127.0.0.1" for e in entries)


def test_signing_out_everywhere_ends_every_session(researcher, sign_in):
    here, there = sign_in(researcher), sign_in(researcher)
    assert here.post("/account/sign-out-everywhere").status_code == 302
    assert [c.get("/runs/").status_code for c in (here, there)] == [302, 302]
    fresh = Client()
    fresh.post("/sign-in/", {"username": "rosa", "password": PASSWORD})
    assert fresh.get("/runs/").status_code == 200


def test_name_and_mail_change_and_no_mail_belongs_to_two(researcher, viewer, sign_in):
    client = sign_in(researcher)
    good = {"first_name": "Rosa", "last_name": "Ruiz", "email": "rosa@example.org"}
    assert client.post("/account/person", good).status_code == 302
    answer = sign_in(viewer).post("/account/person", good | {"email": "ROSA@example.org"})
    assert answer.status_code == 422 and set(errors_of(read(answer))) == {"email"}


class TestReset:
    """Reset of a password by mail."""

    @pytest.fixture
    def mailed(self, settings, researcher, mailoutbox, monkeypatch):
        from django.contrib.auth.forms import PasswordResetForm

        from webapp.accounts.forms import ResetForm

        settings.EMAIL_HOST = "mail.example.org"
        monkeypatch.setattr(ResetForm, "send_mail", PasswordResetForm.send_mail)
        researcher.email = "rosa@example.org"
        researcher.save()
        return mailoutbox

    def test_the_link_sets_a_new_password_once(self, mailed):
        answer = Client().post("/password/reset/", {"email": "rosa@example.org"})
        assert answer.headers["Location"] == "/sign-in/"
        link = re.search(r"https?://[^/]+(/password/reset/\S+)", mailed[0].body).group(1)
        client = Client()
        form = client.get(link).headers["Location"]
        passwords = {"new_password1": STRONG, "new_password2": STRONG}
        assert client.post(form, passwords).headers["Location"] == "/sign-in/"
        values = {"username": "rosa", "password": STRONG}
        assert Client().post("/sign-in/", values).status_code == 302
        assert "not valid any more" in read(Client().get(link)).one("new-password-page").text

    def test_unknown_addresses_look_alike_and_mails_are_limited(self, mailed):
        for _ in range(5):
            known = Client().post("/password/reset/", {"email": "rosa@example.org"})
        unknown = Client().post("/password/reset/", {"email": "eve@example.org"})
        assert known.headers["Location"] == unknown.headers["Location"]
        assert len(mailed) == 3

    def test_without_a_mail_server_the_page_names_the_remedy(
        self, settings, mailoutbox, researcher
    ):
        settings.EMAIL_HOST = ""
        assert "changepassword" in read(Client().get("/password/reset/")).one("reset-page").text
        Client().post("/password/reset/", {"email": "rosa@example.org"})
        assert mailoutbox == []
