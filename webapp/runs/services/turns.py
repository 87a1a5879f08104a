"""Whose turn it is: the order in which waiting work is claimed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Value, Window
from django.db.models.functions import Coalesce, RowNumber

from webapp.common.queue_names import DEFAULT_QUEUE
from webapp.runs.leased import Leased

from .shares import loads_of

NEVER = datetime.min.replace(tzinfo=UTC)
MAX_TRIES = 20  # works of an owner to try before other workers take them all


class Owner(NamedTuple):
    """Facts about an owner that decide its turn; team 0 if the owner was deleted meanwhile."""

    team_id: int
    busy: int
    served: datetime | None


NO_OWNER = Owner(0, 0, None)


@dataclass(frozen=True)
class Turn:
    """Waiting work of one owner (a run, an evaluation), and the facts that decide its turn.

    Attributes:
        pk: the key of the work.
        owner: the key of its owner.
        priority: work of a higher priority comes first.
        load: the share of the workers that the owner's team has used, see `shares.loads_of`.
        busy: how many works of the owner are running.
        served: when a work of the owner was last started; None if none was.
        queue: the queue in which it waits.
        is_shared: it trains a supernet.
    """

    pk: int
    owner: int
    priority: int
    load: float
    busy: int
    served: datetime | None
    queue: str = DEFAULT_QUEUE
    is_shared: bool = False

    @property
    def order(self) -> tuple[int, float, int, datetime]:
        """Sort key: priority, the team's load, the owner's running work, the longest waiting."""
        return (-self.priority, self.load, self.busy, self.served or NEVER)


def turns_of(
    waiting: QuerySet[Leased], owner: str, priority: str, oldest: tuple[str, ...]
) -> list[Turn]:
    """Return waiting works in the order of their turns, at most `MAX_TRIES` of each owner.

    One query if nothing waits, otherwise four, whatever the number of works.

    Args:
        waiting: the works that may be claimed.
        owner: the field of what the works belong to, as "run".
        priority: the field of their priority, as "run__priority".
        oldest: the fields that order the works of one owner and priority.
    """
    place = Window(RowNumber(), partition_by=F(f"{owner}_id"), order_by=[f"-{priority}", *oldest])
    first = waiting.annotate(place=place).filter(place__lte=MAX_TRIES).order_by(*oldest)
    rows = list(first.values_list("pk", f"{owner}_id", priority, "queue", _task(waiting.model)))
    if not rows:
        return []
    owners = _owners(waiting.model, owner, {row[1] for row in rows})
    loads = loads_of({owned.team_id for owned in owners.values()})
    turns = [
        Turn(pk, owner_id, rank, loads.get(team_id, 0.0), busy, served, queue, task == "share")
        for pk, owner_id, rank, queue, task in rows
        for team_id, busy, served in [owners.get(owner_id, NO_OWNER)]
    ]
    return sorted(turns, key=lambda turn: turn.order)


def _task(model: type[Leased]) -> Any:
    """Return the task of a candidate's proposal as an expression; jobs have none."""
    return F("proposal__task") if hasattr(model, "proposal") else Value("")


def _owners(model: type[Leased], owner: str, keys: set[int]) -> dict[int, Owner]:
    """Return the team, the running work and the last start of each owner: one query."""
    works: QuerySet[Any] = model._default_manager.filter(**{owner: OuterRef("pk")}).order_by()
    running = works.filter(state="running").values(owner).annotate(number=Count("pk"))
    started = works.filter(started_at__isnull=False).order_by("-started_at")
    table = model._meta.get_field(owner).related_model
    assert table is not None  # a foreign key
    team = "pk" if owner == model.team_path else model.team_path.removeprefix(f"{owner}__") + "_id"
    rows = table._base_manager.filter(pk__in=keys).annotate(
        busy=Coalesce(Subquery(running.values("number")), 0),
        served=Subquery(started.values("started_at")[:1]),
    )
    return {row[0]: Owner(*row[1:]) for row in rows.values_list("pk", team, "busy", "served")}
