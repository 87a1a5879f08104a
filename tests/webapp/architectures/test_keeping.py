"""Keeping: isomorphic architectures once, origin, notes and tags, versions, aliases."""

from __future__ import annotations

import copy

import pytest
from django.core.management import call_command

from nasengine.core.architecture import Architecture
from nasengine.execution.canonical import canonical_id
from tests.fixtures.factories import done, make_run, make_slot, take
from webapp.accounts.models import User
from webapp.architectures.models import CatalogueEntry
from webapp.architectures.queries import entry_by_name, history_of
from webapp.architectures.services import aliases, editing, versions
from webapp.architectures.services.keeping import KeepRefused, keep, kept_already
from webapp.architectures.services.moves import promote
from webapp.architectures.services.texts import Refused
from webapp.runs.services import claims

pytestmark = pytest.mark.django_db
NB201 = "|nor_conv_3x3~0|+|{}~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|none~2|"


@pytest.fixture
def three(team, researcher, make_entry):
    return [make_entry(team, researcher, f"cell {n}", seed=n) for n in (1, 2, 3)]


def candidate_of(team, architecture):
    """Return a measured candidate with this architecture."""
    run = make_run(team, candidates=1)
    held = take(make_slot())
    claims.finish(held, done(held.number))
    candidate = run.candidates.get()
    candidate.proposal["architecture"] = architecture
    candidate.architecture_id = Architecture.from_json(architecture).id
    candidate.save()
    return candidate


def isomorphic(architecture):
    """Return a cell of nb201 with an edge that reaches nothing, and one without it."""
    pair = []
    for dead in ("nor_conv_3x3", "none"):
        value = copy.deepcopy(architecture)
        value["genome"] = NB201.format(dead)
        pair.append(value)
    return pair


def test_an_isomorphic_architecture_leads_to_the_entry_that_exists(three, team, researcher):
    first, second = isomorphic(three[0].architecture)
    entry = keep(candidate_of(team, first), researcher, "the first")
    assert entry.canonical_id == canonical_id(Architecture.from_json(first))
    assert keep(candidate_of(team, second), researcher, "the second") == entry
    assert kept_already(team, second) == entry
    assert CatalogueEntry.objects.filter(team=team).count() == 4


def test_another_team_keeps_the_same_architecture(three, other_team, stranger, make_entry):
    theirs = make_entry(other_team, stranger, "theirs", seed=1)
    assert theirs.canonical_id == three[0].canonical_id
    assert theirs != three[0]


def test_an_architecture_that_no_space_reads_has_only_its_own_id(team, researcher, three):
    broken = {**three[0].architecture, "space": "gone"}
    entry = keep(candidate_of(team, broken), researcher)
    assert entry.canonical_id == entry.architecture_id


def test_the_drawer_and_the_message_name_the_isomorphic_entry(
    three, team, researcher, sign_in, client
):
    first, second = (candidate_of(team, a) for a in isomorphic(three[0].architecture))
    keep(first, researcher, "the first")
    client = sign_in(researcher)
    page = client.get(f"/runs/{second.run_id}/candidates/{second.number}/")
    assert b"An isomorphic architecture is in the" in b" ".join(page.content.split())
    answer = client.post(f"/runs/{second.run_id}/candidates/{second.number}/keep", follow=True)
    assert b"An isomorphic architecture is in the catalogue already, as the first" in answer.content


def test_the_origin_is_kept_with_the_entry(team, researcher):
    run = make_run(team, candidates=1, seed=11)
    held = take(make_slot())
    claims.finish(held, done(held.number))
    candidate = run.candidates.get()
    candidate.parents = [4, 7]
    candidate.save()
    source = keep(candidate, researcher, proposal=" small and quick \n").source
    assert (source["seed"], source["parents"], source["dataset"]) == (11, [4, 7], "digits")
    assert source["strategy"] == "random"
    assert source["code_version"]
    entry = CatalogueEntry.objects.get(candidate=candidate)
    assert (entry.proposal, entry.proposed_by) == ("small and quick", researcher)


def test_words_that_are_too_long_are_refused(team, researcher, three):
    candidate = candidate_of(team, isomorphic(three[0].architecture)[0])
    with pytest.raises(KeepRefused, match=r"The proposal must have at most 1,000 .*got 1,001"):
        keep(candidate, researcher, proposal="x" * 1001)


def test_notes_and_tags(three, researcher):
    entry = editing.describe(three[0], researcher, " for the camera\r\nand the car ", "edge, a,, a")
    assert (entry.note, entry.tags) == ("for the camera\nand the car", ["edge", "a"])
    assert entry.history.count() == 2
    shown = editing.edit_version(entry)
    editing.describe(entry, researcher, entry.note, "edge, a", version=shown)
    assert entry.history.count() == 2
    editing.describe(entry, researcher, "another", "a", version=shown)
    with pytest.raises(Refused, match=r"changed .* stored now: another, a"):
        editing.describe(entry, researcher, "mine", "a", version=shown)
    for note, tags, message in (
        ("x" * 4001, "", "at most 4,000"),
        ("", "x" * 41, "at most 40"),
        ("", ",".join(map(str, range(21))), "at most 20 tags"),
        ("a\0", "", "NUL"),
    ):
        with pytest.raises(Refused, match=message):
            editing.describe(entry, researcher, note, tags)


def test_a_new_version_supersedes_the_older_ones(three, researcher):
    first, second, third = three
    second = versions.supersede(second, first, researcher)
    third = versions.supersede(third, first, researcher)
    assert [(e.name, e.version) for e in versions.versions_of(second)] == [
        ("cell 3", 3),
        ("cell 2", 2),
        ("cell 1", 1),
    ]
    assert (
        history_of(third)[0]["what"] == "changed version"
        or "version 3" in (history_of(CatalogueEntry.objects.get(pk=third.pk))[0]["what"])
    )


def test_versions_that_make_no_sense_are_refused(three, other_team, make_entry, researcher):
    first, second, third = three
    with pytest.raises(Refused, match="cannot be a version of itself"):
        versions.supersede(first, first, researcher)
    versions.supersede(second, first, researcher)
    for entry in (first, second):
        with pytest.raises(Refused, match="has other versions already"):
            versions.supersede(entry, third, researcher)
    theirs = make_entry(other_team, None, "theirs", seed=9)
    with pytest.raises(Refused, match="the same team"):
        versions.supersede(third, theirs, researcher)


def test_an_alias_moves_between_entries_and_its_history_stays(three, team, curator):
    first, second, _ = (promote(entry, curator, "good") for entry in three)
    aliases.point(first, " Champion ", curator)
    assert entry_by_name(team, "champion") == first
    aliases.point(second, "champion", curator)
    assert entry_by_name(team, "champion") == second
    assert team.aliases.get().history.count() == 2
    assert history_of(first)[0]["what"] == "alias champion moved away"
    aliases.remove(second, "champion", curator)
    assert entry_by_name(team, "champion") is None
    assert [step["what"] for step in history_of(second)][:2] == [
        "alias champion removed",
        "alias champion points here",
    ]
    assert entry_by_name(team, str(second.pk)) == second


def test_an_alias_names_the_network_to_evaluate(three, team, curator):
    promote(three[1], curator, "good")
    aliases.point(three[1], "champion", curator)
    call_command("evaluate", "champion", "--team", team.slug, "--seeds", "0")
    evaluation = team.evaluations.get()
    assert evaluation.canonical_id == three[1].canonical_id
    assert evaluation.source == {"kind": "entry", "entry": three[1].pk, "name": "cell 2"}


def test_aliases_that_are_not_allowed(three, other_team, curator, researcher):
    first, second, _ = three
    with pytest.raises(Refused, match="is proposed: only approved entries have aliases"):
        aliases.point(first, "champion", curator)
    promote(first, curator, "good")
    for name in ("", "1st", "a b", "x" * 41, "é", "a_b"):
        with pytest.raises(Refused, match="an alias has 1 to 40 small letters"):
            aliases.point(first, name, curator)
    with pytest.raises(Refused, match="you need the curator role"):
        aliases.point(first, "champion", researcher)
    aliases.point(first, "champion", curator)
    with pytest.raises(Refused, match="points at cell 1 already"):
        aliases.point(first, "champion", curator)
    with pytest.raises(Refused, match="no alias champion points at cell 2"):
        aliases.remove(second, "champion", curator)


def test_deleted_people_leave_their_entries(three, curator, researcher):
    User.objects.filter(pk=researcher.pk).delete()
    entry = CatalogueEntry.objects.get(pk=three[0].pk)
    assert entry.proposed_by is None
    assert promote(entry, curator, "good").stage == "approved"
