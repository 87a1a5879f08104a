"""The pages of search spaces: list, versions with samples and runs, a new version."""

from __future__ import annotations

import pytest

from nasengine import catalog
from tests.fixtures.factories import make_run, make_team, work_off
from tests.fixtures.html_reader import read, value_of
from webapp.runs.models import Space, SpaceVersion
from webapp.spaces.queries import samples_of, size_of

pytestmark = pytest.mark.django_db
NEW = "/spaces/new"
TYPED = {"name": "small cells", "space": "nb201", "space_config.cells": "1", "note": "for tests"}


@pytest.fixture
def client(researcher, sign_in):
    return sign_in(researcher)


def test_a_version_is_stored_shown_with_its_runs_and_searched(client, team, queries_of):
    answer = client.post(NEW, TYPED)
    version = SpaceVersion.objects.get()
    assert (version.space.name, version.number, version.config["cells"]) == ("small cells", 1, 1)
    assert answer["Location"] == f"/spaces/{version.space_id}/?version=1"
    assert client.post(NEW, TYPED)["Location"] == answer["Location"]
    client.post(NEW, {**TYPED, "space_config.cells": "2"})
    run = make_run(team, candidates=2, space_config={"cells": 1})
    assert run.space_version == version
    work_off(run)
    page = client.get(answer["Location"]).content.decode()
    assert page.count('data-testid="version-') == 2
    assert page.count("ps-graph-box") == 6
    assert "at most 15,625" in page and "for tests" in page and run.name in page
    start = read(client.get(f"/runs/new?{page.partition('/runs/new?')[2].partition(chr(34))[0]}"))
    assert value_of(start, "space") == "nb201"
    form = read(client.get(f"{NEW}?of={version.space_id}&version=1"))
    assert (value_of(form, "name"), value_of(form, "space_config.cells")) == ("small cells", "1")
    listed = client.get("/spaces/").content.decode()
    assert "small cells" in listed
    one = queries_of(lambda: client.get("/spaces/"))
    client.post(NEW, {**TYPED, "name": "others"})
    assert queries_of(lambda: client.get("/spaces/")) == one


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"name": ""}, "must not be empty"),
        ({"space_config.cells": "many"}, "many"),
        ({"space": "no-space"}, "no-space"),
        ({"note": "a\nb"}, "one line"),
    ],
)
def test_wrong_values_are_kept_with_a_message(client, typed, message):
    answer = client.post(NEW, {**TYPED, **typed})
    assert answer.status_code == 200
    assert message in answer.content.decode()
    assert value_of(read(answer), "note") == {**TYPED, **typed}["note"]
    assert not Space.objects.exists()


def test_a_name_belongs_to_one_space_of_the_catalogue(client):
    client.post(NEW, TYPED)
    other = {"name": "small cells", "space": "cell", "step": "settings"}
    shown = read(client.post(NEW, other))
    assert value_of(shown, "space") == "cell"
    del other["step"]
    assert "is a space of nb201" in client.post(NEW, other).content.decode()


def test_shared_spaces_are_seen_by_all_and_foreign_ones_by_nobody_else(client):
    shared = Space.objects.create(name="shared", engine_space="nb201")
    SpaceVersion.objects.create(space=shared, number=1, config={})
    foreign = Space.objects.create(name="foreign", engine_space="nb201", team=make_team())
    assert client.get(f"/spaces/{shared.pk}/").status_code == 200
    assert client.get(f"/spaces/{foreign.pk}/").status_code == 404
    page = client.get("/spaces/").content.decode()
    assert "all teams" in page and "foreign" not in page


@pytest.mark.parametrize("name", catalog.names("spaces"))
def test_every_space_has_samples_that_repeat(name):
    space = Space(name="a", engine_space=name)
    version = SpaceVersion(pk=3, number=1, config={})
    first, again = samples_of(space, version), samples_of(space, version)
    assert [one.key for one in first] == [one.key for one in again]
    assert len(first) == 6 and all(one.graph for one in first)
    exact = {"decision-list": "36,864"}  # no option of it excludes another
    assert size_of(name, {}) == exact.get(name, "") or size_of(name, {}).startswith("at most")
