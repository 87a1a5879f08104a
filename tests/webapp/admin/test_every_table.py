"""Every table in the admin: who may open it and what may be changed."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from tests.fixtures.devices import make_device
from tests.fixtures.evaluations import finish_export, make_export
from tests.fixtures.factories import make_run, make_table, work_off
from tests.fixtures.people import PASSWORD
from tests.fixtures.predictors import fitted_predictor
from webapp.accounts.admin_access import ReadOnlyAdmin, SuperuserAdmin
from webapp.accounts.models import Membership, User
from webapp.devices.models import NetworkDescription
from webapp.events.models import Event
from webapp.runs.models import Candidate, Measurement, Run, SpaceVersion, Study
from webapp.start.built_in import store_built_in

pytestmark = pytest.mark.django_db
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
OURS = (
    "accounts", "events", "devices", "datasets", "tables", "runs", "evaluations", "exports",
    "architectures", "imports", "api", "notices", "usage", "queries", "sharing", "comments",
    "predictors",
)  # fmt: skip
# Copies that the history pages show.
NOT_REGISTERED = {"HistoricalAlias", "HistoricalCatalogueEntry", "HistoricalReport"}


def name_of(model) -> str:
    return model._meta.label


def address(model, page: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def root(db):
    return User.objects.create_superuser("root", password=PASSWORD)


@pytest.fixture
def full(team, researcher, make_entry, db):
    """A run with at least one row in every table of a search."""
    store_built_in()
    make_entry(team, researcher, "kept")
    run = make_run(team, candidates=2, seed=5)
    work_off(run)
    Study.objects.create(team=team, name="study")
    make_table(team)
    finish_export(make_export(team))
    past = make_run(team, advance=False, seed=6)
    fitted_predictor(make_device(team), past)
    NetworkDescription.objects.create(key="a" * 64, content={})
    return run


def test_every_model_of_ours_is_registered():
    ours = [m for app in OURS for m in apps.get_app_config(app).get_models(include_auto_created=0)]
    missing = {m.__name__ for m in ours if m not in admin.site._registry}
    assert missing == NOT_REGISTERED


def test_an_administrator_opens_every_page(full, root, sign_in):
    client = sign_in(root)
    assert client.get(reverse("admin:index")).status_code == 200
    for model in MODELS:
        listed = client.get(address(model, "changelist"), {"q": "a"})
        assert listed.status_code == 200, model
        add = client.get(address(model, "add")).status_code
        may_add = admin.site._registry[model].has_add_permission(Asked(root))
        assert add == (200 if may_add else 403), model
        for row in model._default_manager.all()[:1]:
            assert client.get(address(model, "change", row.pk)).status_code == 200, model
            assert client.get(address(model, "history", row.pk)).status_code == 200, model


class Asked:
    """The part of a request that permissions read."""

    def __init__(self, user):
        self.user = user


def test_the_tables_of_a_search_have_rows(full):
    for model in (Run, Candidate, Measurement, Event, Study, SpaceVersion):
        assert model._default_manager.exists(), model


@pytest.mark.parametrize("model", [Run, Candidate, Measurement, Event], ids=name_of)
def test_rows_that_a_search_recorded_are_read_only(model, full, root, sign_in):
    assert isinstance(admin.site._registry[model], ReadOnlyAdmin)
    client = sign_in(root)
    row = model._default_manager.first()
    before = list(model._default_manager.values())
    assert client.get(address(model, "add")).status_code == 403
    assert client.post(address(model, "change", row.pk), {"state": "done"}).status_code == 403
    assert client.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    client.post(
        address(model, "changelist"),
        {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"},
    )
    assert list(model._default_manager.values()) == before


def test_a_curator_sees_only_rows_of_own_teams(full, other_team, curator, sign_in, make_entry):
    make_entry(other_team, None, "theirs", seed=8)
    client = sign_in(curator)
    for model in MODELS:
        shown = admin.site._registry[model]
        answer = client.get(address(model, "changelist"))
        if isinstance(shown, SuperuserAdmin) or model is Membership:
            assert answer.status_code == 403, model
            continue
        assert answer.status_code == 200, model
        for row in answer.context["cl"].result_list:
            team = row
            for part in shown.team_path.split("__") if shown.team_path else []:
                team = getattr(team, part)
            assert not shown.team_path or team is None or team.slug == "vision", model


@pytest.mark.parametrize("name", ["researcher", "viewer"])
def test_lower_roles_can_open_no_table(name, request, sign_in, db):
    client = sign_in(request.getfixturevalue(name))
    for model in MODELS:
        assert client.get(address(model, "changelist"), follow=True).status_code == 403, model


def test_the_signed_out_are_sent_to_the_sign_in_page(client):
    answer = client.get("/admin/runs/run/", follow=True)
    assert answer.redirect_chain[-1][0] == "/sign-in/?next=/admin/runs/run/"


def test_an_owner_adds_members_by_name_only_to_their_own_teams(team, other_team, owner, sign_in):
    client = sign_in(owner)
    new = User.objects.create_user("nina")
    add = address(Membership, "add")
    form = {"team": team.pk, "user": "nina", "role": "curator"}
    assert client.post(add, {**form, "user": "nobody"}).status_code == 200
    assert client.post(add, {**form, "team": other_team.pk}).status_code == 200
    assert not Membership.objects.filter(user=new).exists()
    assert client.post(add, form).status_code == 302
    assert Membership.objects.get(user=new).role == "curator"


def test_an_owner_changes_and_removes_members_only_of_their_own_teams(
    team, owner, researcher, stranger, sign_in
):
    client = sign_in(owner)
    mine, theirs = Membership.objects.get(user=researcher), Membership.objects.get(user=stranger)
    assert (
        client.post(address(Membership, "change", mine.pk), {"role": "viewer"}).status_code == 302
    )
    client.post(address(Membership, "change", theirs.pk), {"role": "viewer"})
    client.post(address(Membership, "delete", theirs.pk), {"post": "yes"})
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.role, theirs.role) == ("viewer", "owner")


def test_a_new_account_gets_its_password(root, sign_in):
    form = {
        "username": "nina",
        "password1": "a long enough word 7",
        "password2": "a long enough word 7",
        "usable_password": "true",
    }
    assert sign_in(root).post(address(User, "add"), form).status_code == 302
    assert User.objects.get(username="nina").check_password("a long enough word 7")
