"""A table that no built-in space reads: its space, a search on it, and what is refused."""

from __future__ import annotations

import itertools
import json
from urllib.parse import parse_qs

import pytest

from nasengine.core.errors import InvalidSettings
from nasengine.core.search_spec import SearchSpec
from tests.fixtures.factories import make_table, make_team
from tests.fixtures.html_reader import read, value_of
from webapp.architectures.services.keeping import KeepRefused, keep
from webapp.compare.differing import difference_of_candidates
from webapp.compare.operations import operations_by_group
from webapp.evaluations.subjects import SubjectRefused, candidate_subject
from webapp.runs.choices import choices_of
from webapp.runs.models import Run, RunState, Space, SpaceVersion
from webapp.runs.services.advance import advance_run
from webapp.runs.services.launch import launch
from webapp.spaces.services import add_version
from webapp.tables.labels import fit_words, warnings_of
from webapp.tables.services.mapping import Mapping

pytestmark = pytest.mark.django_db
ERROR = Mapping(columns=("error=err::%", "params=size"))
DECISIONS = ["depth=1|2|3", "space=16|32", "act=gelu|relu"]


def own_text(*more: str) -> str:
    """Return a table of all but one of 12 architectures, with columns named like settings."""
    rows = [
        f"{depth},{space},{act},{depth + 64 / space + (act == 'relu'):.1f},{depth * space},"
        f"{depth}.{space}{len(act)},x"
        for depth, space, act in itertools.product((1, 2, 3), (16, 32), ("relu", "gelu"))
    ]
    return "\n".join(["depth,space,act,err,size,seconds,seed", *rows[:-1], *more])


def asked(table, **changed) -> SearchSpec:
    return SearchSpec(
        **{
            "space": table.space,
            "space_config": table.space_config,
            "strategy": "random",
            "estimator": "table",
            "estimator_config": {"path": f"table:{table.name}"},
            "dataset": table.name,
            "objectives": ("error", "params"),
            "candidates": 8,
            **changed,
        }
    )


def finished(table, **changed) -> Run:
    run = launch(table.team, None, asked(table, **changed), "own")
    while advance_run(run.pk):
        pass
    run.refresh_from_db()
    assert run.state == RunState.FINISHED
    return run


def test_columns_of_numbers_and_names_define_a_versioned_space():
    team = make_team()
    table = make_table(
        team, "mine", own_text("nan,16,relu,9,9,1,x", "1,16,relu,7,1,1,x"), None, ERROR
    )
    assert (table.space, table.architecture) == ("decision-list", "depth,space,act")
    assert table.space_config == {"decisions": DECISIONS, "template": ""}
    assert fit_words(table) == "11 of the 12 architectures of decision-list"
    assert warnings_of(table) == [
        "1 row names an architecture again; the first row of each architecture counts, and 1 with "
        "other values is ignored.",
        "1 of 12 checked rows name no architecture of decision-list; the first of them is "
        "'nan, 16, relu'.",
        "The table lacks 1 architectures of decision-list (92 % are there): candidates with one of "
        "them fail.",
        "No decision, because the values are neither whole numbers nor names that occur again: "
        "seconds, seed. Name a column in the field Architecture to search it.",
    ]
    version = SpaceVersion.objects.get(space__team=team)
    assert (version.space.name, version.number, version.note) == (
        "mine", 1, "columns of the table mine v1"
    )  # fmt: skip
    make_table(team, "mine", own_text().replace("gelu", "elu"), None, ERROR)
    assert [v.number for v in version.space.versions.order_by("number")] == [1, 2]


def test_a_space_with_networks_keeps_its_name():
    team = make_team()
    add_version(team, None, "mine", "nb201", {})
    make_table(team, "mine", own_text(), None, ERROR)
    names = Space.objects.filter(team=team).values_list("name", "engine_space")
    assert set(names) == {("mine", "nb201"), ("mine 2", "decision-list")}


@pytest.mark.parametrize(
    ("text", "mapping", "message"),
    [
        ("a,b,err\n1,2,3\n1,2,4\n", {"space": "decision-list", "architecture": "a,b"}, "one value"),
        ("a,b,err\n1.5,2.5,3\n1.6,2.6,4\n", {}, "none of the columns a, b looks like a decision"),
        (
            "a,b,err\n" + "\n".join(f"{i},{i % 2},3" for i in range(200)),
            {"space": "decision-list", "architecture": "a,b"},
            "'a' has 200 different values, and a decision at most 128 options",
        ),
        (
            f"a,b,err\n{'x' * 102_400},1,3\ny,2,4\n",
            {"space": "decision-list", "architecture": "a,b"},
            "names and options must have 1 to 100 printable characters",
        ),
    ],
)
def test_columns_that_define_no_space_are_refused_at_the_field(text, mapping, message):
    whole = Mapping(columns=("error=err::%",), **mapping)
    with pytest.raises(InvalidSettings) as error:
        make_table(make_team(), "mine", text, None, whole)
    assert message in error.value.errors["architecture"]


def test_without_a_question_such_a_table_has_no_space_and_says_why():
    text = "net,err\n" + "\n".join(f"{'x' * (i % 5)}{i},3" for i in range(200))
    mapping = Mapping(columns=("error=err::%",), architecture="net")
    table = make_table(make_team(), "mine", text, None, mapping)
    assert (table.space, SpaceVersion.objects.exists()) == ("", False)
    assert "The rows define no space of their own: 'net' has 200" in warnings_of(table)[-1]


@pytest.mark.parametrize("strategy", ["random", "renas"])
def test_texts_of_one_length_are_uploaded_searched_and_shown(
    strategy, team, researcher, sign_in, settings
):
    text = "net,err\n" + "\n".join(
        f"{''.join(bits)},{bits.count('0') + 1}" for bits in itertools.product("01", repeat=5)
    )
    table = make_table(
        team, "bits", text, None, Mapping(columns=("error=err",), architecture="net")
    )
    assert table.space_config["template"] == "*****"
    run = finished(table, strategy=strategy, objectives=("error",), candidates=12)
    assert run.space_version == SpaceVersion.objects.get(space__name="bits")
    assert run.candidates.filter(state="done").count() == 12
    best = run.candidates.get(number=run.best)
    client = sign_in(researcher)
    graph = client.get(f"/runs/{run.pk}/candidates/{best.number}/graph.json").json()["graph"]
    assert [one["name"] for one in graph["decisions"]] == [f"net {i}" for i in range(1, 6)]
    page = client.get(f"/runs/{run.pk}/candidates/{best.number}/").content.decode()
    assert "".join(one["option"] for one in graph["decisions"]) in page
    assert 'data-testid="no-network"' in page and "train-fully" not in page


def test_a_search_ends_with_a_front_and_missing_rows_fail(team, researcher, sign_in):
    table = make_table(team, "mine", own_text(), researcher, ERROR)
    run = finished(table, strategy="regularised-evolution", candidates=40)
    states = dict(run.candidates.values_list("state", "reason"))
    assert "has no row for depth 3, space 32, act gelu" in states["failed"]
    assert run.front["numbers"] and run.best is not None
    found = choices_of(run)
    assert [one["name"] for one in found["decisions"]] == ["depth", "space", "act"]
    assert {one["name"] for one in found["operations"]} == {"act gelu", "act relu"}
    best, other = run.candidates.get(number=run.best), run.candidates.filter(state="done").last()
    compared = difference_of_candidates(
        {run.pk: run}, f"{run.pk}:{best.number}", f"{run.pk}:{other.number}"
    )
    assert compared.sentence.startswith(("No decision", "1 of 3", "2 of 3", "3 of 3"))
    assert compared.graph["decisions"] and compared.graph["cells"] == []
    rows = operations_by_group([run], "strategy")["rows"]
    assert rows and all(row["operation"].split()[0] in ("depth", "space", "act") for row in rows)
    with pytest.raises(KeepRefused, match="a list of decisions without a network"):
        keep(best, researcher)
    with pytest.raises(SubjectRefused, match="cannot be trained: an architecture of decision-list"):
        candidate_subject(best)
    address = f"/evaluations/new?run={run.pk}&candidate={best.number}"
    assert sign_in(researcher).get(address).status_code == 404


def test_pages_lead_from_table_and_space_to_a_filled_in_search(team, researcher, sign_in, client):
    table = make_table(team, "mine", own_text(), researcher, ERROR)
    client = sign_in(researcher)
    shown = read(client.get(f"/datasets/tables/{table.pk}/"))
    assert "depth" in shown.one("table-decisions").text
    space = shown.one("table-space").all("a")[0].attributes["href"]
    page = client.get(space)
    assert page.content.decode().count("ps-graph-box") == 6
    found = read(page)
    assert "gelu, relu" in found.one("decisions").text and "mine v1" in found.one("decisions").text
    assert "12" in found.one("version-1").text
    for link in (found.one("search-version"), shown.one("search-mine")):
        address = link.attributes["href"]
        form = read(client.get(address))
        assert value_of(form, "space") == "decision-list"
        assert value_of(form, "estimator_config.path") == "table:mine"
        assert value_of(form, "space_config.decisions") == ", ".join(DECISIONS)
        assert parse_qs(address.partition("?")[2])["objectives"] == ["error,params"]
    # A new version with fewer options is still a search on the table; other options are not.
    part = {**table.space_config, "decisions": ["depth=1|2", *DECISIONS[1:]]}
    version, _ = add_version(team, researcher, "mine", "decision-list", part)
    found = read(client.get(f"/spaces/{version.space_id}/?version={version.number}"))
    assert "estimator_config.path=table" in found.one("search-version").attributes["href"]
    assert finished(table, space_config=part).space_version == version
    wrong = {**part, "decisions": ["depth=1|9", *DECISIONS[1:]]}
    with pytest.raises(InvalidSettings) as error:
        launch(team, None, asked(table, space_config=wrong), "own")
    assert "depth has the option 9" in error.value.errors["space_config.decisions"]
    with pytest.raises(InvalidSettings) as error:
        launch(team, None, asked(table, estimator="train", estimator_config={}), "own")
    assert "train needs networks" in error.value.errors["estimator"]


def test_a_json_file_is_imported_by_the_form(team, researcher, sign_in):
    from django.core.files.uploadedfile import SimpleUploadedFile

    from webapp.tables.services import import_jobs

    rows = [{"depth": d, "act": a, "err": d + 1.5} for d in (1, 2) for a in ("relu", "gelu")]
    file = SimpleUploadedFile("mine.json", json.dumps(rows).encode(), "application/json")
    typed = {"file": file, "name": "mine", "space": "", "columns": "error=err::%"}
    answer = sign_in(researcher).post("/datasets/tables/new", typed)
    assert answer.status_code == 302
    import_jobs.run(job := import_jobs.claim(), import_jobs.content_of(job))
    job.refresh_from_db()
    assert job.errors == {}
    assert job.table.space_config["decisions"] == ["depth=1|2", "act=gelu|relu"]
