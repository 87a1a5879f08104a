"""Stages: the table of moves, who may make them, approval by a second person, the history."""

from __future__ import annotations

import itertools

import pytest

from tests.fixtures.people import make_user
from webapp.accounts.models import User
from webapp.architectures.models import CatalogueEntry, Stage
from webapp.architectures.services import aliases
from webapp.architectures.services.moves import (
    MOVES,
    DecisionRefused,
    Who,
    move,
    moves_for,
    promote,
    rights_of,
)

pytestmark = pytest.mark.django_db
PAIRS = list(itertools.permutations(Stage, 2))


@pytest.fixture
def entry(team, researcher, make_entry):
    return make_entry(team, researcher, "gate cell")


def put(entry, stage) -> CatalogueEntry:
    CatalogueEntry.objects.filter(pk=entry.pk).update(stage=stage)
    entry.refresh_from_db()
    return entry


def allowed(entry, user) -> set[tuple[Stage, Stage]]:
    """The moves that a user may make, from any stage."""
    rights = rights_of(entry, user)
    found = set()
    for stage in Stage:
        entry.stage = stage
        found |= {(stage, made.stage) for made in moves_for(entry, rights)}
    return found


def test_each_role_may_make_the_moves_of_the_table(
    entry, team, owner, curator, researcher, viewer, stranger
):
    by = {who: {pair for pair, w in MOVES.items() if w == who} for who in Who}
    curators = by[Who.CURATOR] | by[Who.PROPOSER]
    assert allowed(entry, curator) == allowed(entry, owner) == curators
    assert allowed(entry, researcher) == by[Who.PROPOSER]
    assert allowed(entry, User.objects.create_superuser("root")) == curators | by[Who.ADMINISTRATOR]
    others = make_user("ruth", team, "researcher"), viewer, stranger
    assert [allowed(entry, user) for user in others] == [set()] * 3
    researcher.memberships.all().delete()
    assert allowed(entry, User.objects.get(pk=researcher.pk)) == set()


def test_every_other_move_is_refused_and_changes_nothing(entry, curator):
    refused = [pair for pair in PAIRS if pair not in MOVES]
    assert len(refused) == len(PAIRS) - len(MOVES)
    for here, there in refused:
        with pytest.raises(DecisionRefused, match=f"cannot become {there} from there"):
            move(put(entry, here), curator, there, "because")
        entry.refresh_from_db()
        assert entry.stage == here
    assert entry.history.count() == 1


def test_every_move_of_the_table_is_made_and_is_in_the_history(entry, curator):
    root = User.objects.create_superuser("root")
    for (here, there), who in MOVES.items():
        user = root if who == Who.ADMINISTRATOR else curator
        moved = move(put(entry, here), user, there, f"from {here}")
        assert (moved.stage, moved.decided_by) == (there, user)
        record = entry.history.first()
        assert (record.stage, record.reason, record.history_user) == (there, f"from {here}", user)
    assert entry.history.count() == 1 + len(MOVES)


def test_proposers_cannot_approve_their_own_entries_if_the_team_forbids_it(
    team, curator, owner, make_entry
):
    own = make_entry(team, curator, "my cell")
    promote(own, curator, "the team does not ask for a second person")
    team.second_person = True
    team.save()
    second = CatalogueEntry.objects.get(pk=make_entry(team, curator, "my second", seed=2).pk)
    with pytest.raises(DecisionRefused, match="in Vision a second person approves"):
        promote(second, curator, "good")
    assert Stage.APPROVED not in [m.stage for m in moves_for(second, rights_of(second, curator))]
    root = User.objects.create_superuser("root")
    CatalogueEntry.objects.filter(pk=second.pk).update(kept_by=root)
    with pytest.raises(DecisionRefused, match="a second person approves"):
        promote(second, root, "administrators propose too")
    assert promote(second, owner, "good").stage == "approved"


def test_who_proposes_again_cannot_approve_either(team, entry, curator, owner):
    team.second_person = True
    team.save()
    move(entry, owner, Stage.REJECTED, "too slow")
    move(entry, curator, Stage.PROPOSED, "the device is faster now")
    with pytest.raises(DecisionRefused, match="a second person approves"):
        promote(entry, curator, "good")
    assert promote(entry, owner, "good").stage == "approved"


def test_an_entry_with_an_alias_stays_in_use(entry, curator):
    promote(entry, curator, "good")
    aliases.point(entry, "champion", curator)
    with pytest.raises(DecisionRefused, match="champion points at gate cell: move the alias"):
        move(entry, curator, Stage.RETIRED, "old")
    assert move(entry, curator, Stage.DEPLOYED, "on the camera").stage == "deployed"
    aliases.remove(entry, "champion", curator)
    assert move(entry, curator, Stage.RETIRED, "old").stage == "retired"
