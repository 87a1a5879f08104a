"""Teams, runs and endings for tests: everything goes through the services."""

from __future__ import annotations

import io
import itertools
from typing import Any

from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome
from nasengine.core.search_spec import SearchSpec
from webapp.accounts.models import Membership, Role, Team, User
from webapp.runs.models import Run, WorkerSlot
from webapp.runs.services import claims, slots
from webapp.runs.services.advance import advance_run
from webapp.runs.services.claims import Claim
from webapp.runs.services.launch import launch
from webapp.tables.models import BenchmarkTable
from webapp.tables.services.column_mapping import Mapping
from webapp.tables.services.importing import import_table

_numbers = itertools.count(1)
OPS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
OWN = Mapping(
    space="nb201",
    columns=("error=acc:100-x:%", "latency@board=ms::ms"),
    report=("test_error=test:100-x:%",),
    architecture="net",
)
QUESTION: dict[str, Any] = {
    "space": "nb201",
    "strategy": "random",
    "estimator": "train",
    "dataset": "digits",
    "objectives": ("error", "params"),
    "candidates": 4,
    "seed": 7,
}


def make_team() -> Team:
    number = next(_numbers)
    return Team.objects.create(name=f"team {number}", slug=f"team-{number}")


def make_member(team: Team, role: Role = Role.RESEARCHER) -> User:
    user = User.objects.create_user(f"person{next(_numbers)}", password="secret-enough-1")
    Membership.objects.create(team=team, user=user, role=role)
    return user


def make_run(team: Team | None = None, advance: bool = True, **spec: Any) -> Run:
    """A launched run, its first candidates asked for."""
    team = team or make_team()
    run = launch(team, None, SearchSpec(**{**QUESTION, **spec}), "a run")
    if advance:
        advance_run(run.pk)
        run.refresh_from_db()
    return run


def make_slot(name: str = "slot", queues: tuple[str, ...] = ("cpu",)) -> WorkerSlot:
    return slots.register(name, "evaluation", list(queues), {})


def take(slot: WorkerSlot) -> Claim:
    """The next claim; there must be one."""
    held = claims.claim(slot, slot.queues)
    assert held is not None
    return held


def done(number: int, error: float = 10.0, params: float = 1000.0) -> Outcome:
    """An ordinary outcome of the objectives error and params."""
    return Outcome(
        number,
        "done",
        (
            Measurement("error", error, "%"),
            Measurement("params", params, "", method="counted"),
        ),
        epochs=1,
    )


def work_off(run: Run, slot: WorkerSlot | None = None) -> None:
    """Finishes and advances until the run hands nothing out any more.

    Errors fall with the number and params rise, so that every candidate is on the front.
    """
    slot = slot or make_slot()
    while held := claims.claim(slot, slot.queues):
        claims.report(held, {"epoch": 1, "epochs": 1, "valid_error": 50.0 - held.number})
        claims.finish(held, done(held.number, 50.0 - held.number, 1000.0 + held.number))
        advance_run(held.run_id)
    run.refresh_from_db()


def table_text(seed: int = 0) -> str:
    """A table of the whole of nb201: accuracy falls, milliseconds rise with the place."""
    lines = ["net,acc,test,ms"]
    for place, (a, b, c, d, e, f) in enumerate(itertools.product(OPS, repeat=6)):
        text = f"|{a}~0|+|{b}~0|{c}~1|+|{d}~0|{e}~1|{f}~2|"
        lines.append(f"{text},{90 - place / 1000 - seed:.3f},{80 - place / 1000:.3f},{place % 97}")
    return "\n".join(lines)


def make_table(
    team: Team, name: str = "made", text: str = "", user: Any = None, mapping: Mapping = OWN
) -> BenchmarkTable:
    """An imported table of the team; without a text a small one of two architectures."""
    rows = (f"|{op}~0|+|none~0|none~1|+|none~0|none~1|none~2|" for op in OPS[:2])
    small = "net,acc,test,ms\n" + "\n".join(f"{row},{60 + i},50,{i}" for i, row in enumerate(rows))
    file = io.BytesIO((text or small).encode())
    return import_table(team, user, file, name, mapping).table
