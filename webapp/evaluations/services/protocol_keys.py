"""Keys of protocols: equal if figures may be compared. The data's digest is part of them.

The digest is known once a training has read the data. Until then it is taken to be that of the
team's newest evaluation on the same data set.
"""

from __future__ import annotations

from typing import Any

from nasengine.execution.protocols import protocol_key
from webapp.accounts.models import Team
from webapp.evaluations.models import Evaluation


def expected_digest(team: Team, dataset: str, config: dict[str, Any]) -> str:
    """Return the digest of the data when they were last read; "" if they never were."""
    same = Evaluation.objects.filter(team=team, dataset=dataset, dataset_config=config)
    known = same.exclude(data_digest="").order_by("-pk").values_list("data_digest", flat=True)
    return known.first() or ""


def key_of(protocol: dict[str, Any], dataset: str, config: dict[str, Any], digest: str) -> str:
    """Return the key of a protocol on these data."""
    return protocol_key(protocol, {"name": dataset, "config": config, "digest": digest})


def store_digest(evaluation: Evaluation, digest: str) -> None:
    """Store the digest of the data that the first training of an evaluation has read.

    Evaluations of the team that wait for the same data then have the key of these data too.
    """
    if not digest or evaluation.data_digest:
        return
    evaluation.data_digest = digest
    evaluation.save(update_fields=["data_digest"])
    waiting = Evaluation.objects.filter(
        team=evaluation.team_id,
        dataset=evaluation.dataset,
        dataset_config=evaluation.dataset_config,
        data_digest="",
    )
    for row in [evaluation, *waiting]:
        key = key_of(row.protocol, row.dataset, row.dataset_config, digest)
        if key != row.protocol_key:
            Evaluation.objects.filter(pk=row.pk).update(protocol_key=key)
