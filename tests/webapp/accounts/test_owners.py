"""Every team keeps an owner, and the site an administrator, whatever the path."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from tests.fixtures.html_reader import read
from tests.fixtures.people import PASSWORD, make_user
from webapp.accounts.models import Membership, Role, Team, User

pytestmark = pytest.mark.django_db
MEMBERS = "/admin/accounts/membership/"
USERS = "/admin/accounts/user/"


def owners_of(team) -> list[str]:
    owners = Membership.objects.filter(team=team, role=Role.OWNER)
    return sorted(owners.values_list("user__username", flat=True))


def membership(user) -> Membership:
    return Membership.objects.get(user=user)


@pytest.fixture
def root(db):
    return User.objects.create_superuser("root", password=PASSWORD)


def bulk(*rows) -> dict:
    return {"action": "delete_selected", "_selected_action": [r.pk for r in rows], "post": "yes"}


def test_the_last_owner_cannot_be_demoted(team, owner, curator, sign_in):
    client, mine = sign_in(owner), membership(owner)
    page = client.post(f"{MEMBERS}{mine.pk}/change/", {"role": "viewer"})
    assert page.status_code == 200 and "olga is the last owner of Vision" in page.content.decode()
    mine.role = Role.VIEWER
    with pytest.raises(ValidationError, match="last owner"):
        mine.save()
    assert owners_of(team) == ["olga"]
    client.post(f"{MEMBERS}{membership(curator).pk}/change/", {"role": "owner"})
    assert client.post(f"{MEMBERS}{mine.pk}/change/", {"role": "viewer"}).status_code == 302
    assert owners_of(team) == ["carl"]


def test_the_last_owner_cannot_be_removed(team, owner, researcher, sign_in):
    client, mine = sign_in(owner), membership(owner)
    answer = client.post(f"{MEMBERS}{mine.pk}/delete/", {"post": "yes"}, follow=True)
    assert "Nothing is deleted: olga is the last owner of Vision" in answer.content.decode()
    answer = client.post(MEMBERS, bulk(mine, membership(researcher)), follow=True)
    assert "Nothing is deleted: olga is the last owner" in answer.content.decode()
    assert Membership.objects.count() == 2  # all or nothing


def test_all_memberships_at_once_cannot_be_removed(team, owner, curator, sign_in):
    Membership.objects.filter(user=curator).update(role=Role.OWNER)
    client = sign_in(owner)
    client.post(MEMBERS, bulk(*Membership.objects.all()))
    assert owners_of(team) == ["carl", "olga"]
    with pytest.raises(ValidationError, match="is the last owner of Vision"), transaction.atomic():
        Membership.objects.all().delete()
    assert owners_of(team) == ["carl", "olga"]
    assert client.post(MEMBERS, bulk(membership(curator))).status_code == 302
    assert owners_of(team) == ["olga"]


def test_the_account_of_the_last_owner_cannot_be_deleted(team, owner, researcher, root, sign_in):
    client = sign_in(root)
    answer = client.post(f"{USERS}{owner.pk}/delete/", {"post": "yes"}, follow=True)
    assert "Nothing is deleted: olga is the last owner" in answer.content.decode()
    answer = client.post(USERS, bulk(owner, researcher), follow=True)
    assert "Nothing is deleted: olga is the last owner" in answer.content.decode()
    with pytest.raises(ValidationError), transaction.atomic():
        owner.delete()
    assert User.objects.count() == 3
    make_user("next", team, "owner")
    assert client.post(USERS, bulk(owner, researcher)).status_code == 302
    assert owners_of(team) == ["next"]


def test_a_membership_cannot_move_to_another_team_or_user(team, other_team, owner):
    mine = membership(owner)
    mine.team = other_team
    with pytest.raises(ValidationError):
        mine.save()
    assert owners_of(team) == ["olga"]


def test_a_deleted_team_needs_no_owner(team, owner, root, sign_in):
    answer = sign_in(root).post(f"/admin/accounts/team/{team.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not Membership.objects.exists()
    other = Team.objects.create(name="other", slug="other")
    make_user("x", other, "owner")
    Team.objects.all().delete()
    assert not Membership.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "change",
    [
        lambda team: Membership.objects.filter(team=team).update(role=Role.VIEWER),
        lambda team: Membership.objects.filter(team=team)._raw_delete("default"),
        lambda team: connection.cursor().execute("DELETE FROM accounts_membership"),
    ],
    ids=["update", "raw delete", "SQL"],
)
def test_the_database_refuses_what_sends_no_signal(team, owner, change):
    with pytest.raises(IntegrityError, match="left without an owner"), transaction.atomic():
        change(team)
    assert owners_of(team) == ["olga"]
    with transaction.atomic():  # only the state at the end counts
        Membership.objects.filter(team=team).update(role=Role.VIEWER)
        make_user("next", team, "owner")
    assert owners_of(team) == ["next"]


def test_the_last_administrator_stays_one(root, sign_in):
    client = sign_in(root)
    form = {"username": "root", "is_active": "on", "is_superuser": "on"}
    for missing in ("is_active", "is_superuser"):
        values = {name: value for name, value in form.items() if name != missing}
        page = client.post(f"{USERS}{root.pk}/change/", values)
        assert page.status_code == 200 and "last active administrator" in page.content.decode()
    answer = client.post(f"{USERS}{root.pk}/delete/", {"post": "yes"}, follow=True)
    assert "Nothing is deleted: root is the last active" in answer.content.decode()
    second = User.objects.create_superuser("second")
    client.post(USERS, bulk(root, second))
    assert User.objects.count() == 2
    assert client.post(USERS, bulk(second)).status_code == 302
    assert read(client.get(USERS)) and User.objects.count() == 1
