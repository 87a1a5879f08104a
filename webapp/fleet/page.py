"""Everything that the fleet page shows to a member of a team."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from webapp.accounts.models import Team
from webapp.devices.queries import devices_of, online_keys

from .cards import card_rows, machines_without_cards
from .queues import queue_rows
from .workers import drained_offline, worker_rows


def fleet_page(team: Team) -> dict[str, Any]:
    """Return the content of the page; the number of queries does not depend on it.

    `rows` names the rows of each part: a page with other rows takes the new part as a whole.
    """
    workers, queues, offline = worker_rows(team), queue_rows(team), drained_offline()
    cards, without_cards = card_rows(workers), machines_without_cards(workers)
    here = online_keys(team)
    devices = [(device, device.pk in here) for device in devices_of(team)]
    alerts = [queue for queue in queues if queue.problem is not None]
    return {
        "workers": workers,
        "has_worker": any(row.is_drainable and row.state != "lost" for row in workers),
        "drained_offline": offline,
        "queues": queues,
        "alerts": alerts,
        "cards": cards,
        "without_cards": without_cards,
        "devices": devices,
        "weights": _weights(team),
        "rows": {
            "workers": _joined([row.slot.pk for row in workers] + [row.name for row in offline]),
            "queues": _joined(queue.name for queue in queues),
            "cards": _joined([*((c.host, c.values.get("uuid")) for c in cards), *without_cards]),
            "devices": _joined(device.pk for device, _ in devices),
            "alerts": _joined((queue.name, queue.problem) for queue in alerts),
        },
    }


def _joined(keys: Iterable[object]) -> str:
    return " ".join(map(str, keys))


def _weights(team: Team) -> tuple[int, int]:
    """Return the weight of the team and the sum of the weights of all teams."""
    weights = dict(Team.objects.values_list("pk", "weight"))
    return weights.get(team.pk, team.weight), sum(weights.values())
