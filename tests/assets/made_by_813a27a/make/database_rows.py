"""The rows of the database in the samples: almost all are made by really running things.

States that a service reaches only for moments, or not at all, are set directly: the state `draft`
and the end of leases. Outcomes of the run "Every state of a candidate" are made up.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone
from nasengine.core.question import Question
from nasengine.evaluation import evaluate
from nasengine.weight_folder import WeightFolder
from tests.nasengine.estimators.tables.making import write_table

from nasengine.core.measurement import Measurement
from nasengine.core.outcome import Outcome
from nasengine.core.proposal import Proposal
from webapp.accounts.models import Membership, Team, User
from webapp.architectures.services import keep, promote, reject
from webapp.runs.models import Artefact, Candidate, DataSet, Run, SpaceVersion, WorkerSlot
from webapp.runs.services import claims, slots
from webapp.runs.services.advance import advance_run
from webapp.runs.services.control import cancel, pause, raise_budget, stop
from webapp.runs.services.launch import launch
from webapp.runs.services.locking import locked_run
from webapp.runs.services.reaper import reap
from webapp.runs.services.weights import weights_folder
from webapp.studies.plan import Method, Plan
from webapp.studies.services.launching import launch_study

PASSWORD = "the password of the samples"
MAPPING = {
    "space": "nb201",
    "columns": "error=acc:100-x:%,params=size,latency@board=ms::ms",
    "report": "test_error=test:100-x:%",
    "architecture": "net",
}
TABLE: dict[str, Any] = {
    "space": "nb201",
    "estimator": "table",
    "dataset": "made",
    "objectives": ("error", "params", "latency@board"),
    "candidates": 40,
    "estimator_config": {"path": "table:made"},
}
TRAINED: dict[str, Any] = {
    "space": "nb201",
    "dataset": "digits",
    "objectives": ("error", "params"),
    "in_flight": 2,
    "space_config": {"cells": 1, "channels": 2},
    "estimator_config": {"epochs": 1, "batch_size": 32, "threads": 1},
    "dataset_config": {"limit": 200},
}
EVOLUTION = {"population": 6, "sample": 2}
METHODS: dict[str, dict[str, Any]] = {
    "random": {},
    "regularised-evolution": EVOLUTION,
    "nsga2": {"population": 8},
    "local-search": {"starts": 4},
    "monas": {"warm_up": 6, "hidden": 4},
    "topology-evolution": {"population": 6},
    "renas": {"population": 6, "sample": 2, "hidden": 3, "embedding": 3},
    "dpp-net": {"first": 10, "keep": 5, "epochs": 2, "hidden": 3, "embedding": 3, "children": 50},
}


class Rows:
    """The people and the table that everything else refers to."""

    def __init__(self, table: Path):
        call_command("first_steps", verbosity=0)
        admin = User.objects.get(username="admin")
        admin.set_password(PASSWORD)
        admin.save()
        self.team = Team.objects.create(name="Vision", slug="vision")
        self.other_team = Team.objects.create(name="Speech", slug="speech")
        self.people = {
            role: person(f"{role}-of-vision", self.team, role)
            for role in ("owner", "curator", "researcher", "viewer")
        }
        self.stranger = person("owner-of-speech", self.other_team, "owner")
        self.researcher, self.curator = self.people["researcher"], self.people["curator"]
        common = {"team": "vision", "user": "researcher-of-vision", "verbosity": 0}
        call_command("import_table", str(table), name="made", note="made up", **MAPPING, **common)
        self.slots = [slots.register(f"worker-{n}", "evaluation", ["cpu"], {}) for n in (1, 2, 3)]
        slots.register("coordinator-1", "coordinator", ["coordinator"], {"python": "3"})
        slots.retire(self.slots[2])

    def launch(self, name: str, question: dict[str, Any], **columns: Any) -> Run:
        """A queued run of the team Vision."""
        return launch(self.team, self.researcher, Question(**question), name, **columns)

    def on_table(self, name: str, strategy: str, steps: int, **changed: Any) -> Run:
        """A run on the table after so many passes that each look up one candidate or none."""
        values = {**TABLE, "strategy": strategy, "strategy_config": METHODS[strategy], **changed}
        run = self.launch(name, values)
        for _ in range(steps):
            advance_run(run.pk, seconds=0.0)
        run.refresh_from_db()
        return run

    def trained(self, name: str, strategy: str, candidates: int, **changed: Any) -> Run:
        """A run of tiny trainings, its first candidates queued."""
        values = {**TRAINED, "strategy": strategy, "candidates": candidates, "seed": 5, **changed}
        run = self.launch(name, values)
        advance_run(run.pk)
        run.refresh_from_db()
        return run


def person(name: str, team: Team, role: str) -> User:
    """A member of a team with the password of the samples."""
    user = User.objects.create_user(name, password=PASSWORD, email=f"{name}@example.org")
    Membership.objects.create(team=team, user=user, role=role)
    return user


def claim_of(run: Run, slot: Any) -> claims.Claim | None:
    """The claim of the run's next waiting candidate, whatever other runs wait for."""
    waiting = run.candidates.filter(state__in=("queued", "lost")).order_by("number").first()
    if waiting is None:
        return None
    with locked_run(run.pk) as locked:
        return claims._take(locked, waiting.pk, slot)


def train_one(run: Run, slot: Any) -> bool:
    """Really train the next candidate and advance the run; False where none waits."""
    held = claim_of(run, slot)
    if held is None:
        return False
    outcome = evaluate(
        Question.from_json(held.question),
        Proposal.from_json(held.proposal),
        lambda point: claims.report(held, point),
        lambda: False,
        WeightFolder(Path(held.weights)),
    )
    claims.finish(held, outcome)
    advance_run(run.pk)
    run.refresh_from_db()
    return True


def train_on(run: Run) -> None:
    """Train until nothing waits any more."""
    slot = slots.register("trainer", "evaluation", ["cpu"], {})
    while train_one(run, slot):
        pass


def fill(table: Path) -> list[Path]:
    """Make every row; returns the folders of weights that belong to the dump."""
    rows = Rows(table)
    runs_on_the_table(rows)
    studies(rows)
    weights = trained_runs(rows)
    every_state_of_a_candidate(rows)
    another_team(rows)
    catalogue(rows)
    pages(rows)
    old_versions_of_tables(rows, table)
    expired = Candidate.objects.filter(state="running")
    expired.update(lease_until=Now() - timezone.timedelta(hours=1))
    WorkerSlot.objects.update(host="host-of-the-samples", pid=1)
    return weights


def runs_on_the_table(rows: Rows) -> None:
    """One run in each state that a run on a table can have."""
    several = {"constraints": ("error<60", "params<3000"), "in_flight": 4}
    finished = rows.on_table("Finished", "nsga2", 0, **several)
    advance_run(finished.pk, seconds=60.0)
    run = rows.on_table("Finished, budget raised", "random", 0, candidates=15)
    advance_run(run.pk, seconds=60.0)
    raise_budget(run, rows.researcher, 25)
    advance_run(run.pk, seconds=60.0)
    rows.on_table("Running", "regularised-evolution", 31, in_flight=3)
    rows.on_table("Running, as they come", "nsga2", 29, in_flight=3, deterministic=False)
    pause(rows.on_table("Paused", "local-search", 27, in_flight=2), rows.researcher)
    pause(rows.on_table("Paused before its start", "random", 0), rows.researcher)
    rows.on_table("Queued", "renas", 0, objectives=("error",))
    stop(run := rows.on_table("Stopped", "topology-evolution", 18), rows.researcher)
    advance_run(run.pk)
    cancel(rows.on_table("Stopping", "random", 9), rows.curator)
    run = rows.on_table("Failed", "regularised-evolution", 12)
    Run.objects.filter(pk=run.pk).update(strategy_state={"version": 999})
    advance_run(run.pk)
    run = rows.on_table("Draft", "dpp-net", 0)
    Run.objects.filter(pk=run.pk).update(state="draft")
    run = rows.on_table("Archived", "random", 0, candidates=5)
    advance_run(run.pk, seconds=60.0)
    fields = {"archived_at": timezone.now(), "note": "kept for its front", "tags": ["old", "board"]}
    Run.objects.filter(pk=run.pk).update(**fields)
    Artefact.objects.create(run=run, kind="log", path="x.log", digest="0" * 64, size_bytes=1)


def studies(rows: Rows) -> None:
    """A finished study with several seeds, and one of every method that is under way."""
    question = Question(**{**TABLE, "candidates": 20, "objectives": ("error", "params")})
    methods = (Method("random"), Method("regularised-evolution", EVOLUTION))
    plan = Plan(question, methods, (0, 1, 2))
    words = "Is evolution better than random search?"
    study = launch_study(rows.team, rows.researcher, "Evolution and chance", plan, words)
    for run in study.runs.all():
        advance_run(run.pk, seconds=60.0)
    methods = tuple(Method(name, config) for name, config in METHODS.items())
    plan = Plan(Question(**{**TABLE, "in_flight": 2}), methods, (7,))
    study = launch_study(rows.team, rows.researcher, "Every method", plan)
    for run in study.runs.order_by("pk"):
        for _ in range(25):
            advance_run(run.pk, seconds=0.0)


def trained_runs(rows: Rows) -> list[Path]:
    """Tiny networks that are really trained; returns folders of weights that are still needed."""
    version = SpaceVersion.objects.get(space__name="nb201")
    data_set = DataSet.objects.get(name="digits")
    values = {**TRAINED, "strategy": "random", "candidates": 3,
              "objectives": ("error", "params", "macs", "latency@cpu")}  # fmt: skip
    launched = {"space_version": version, "data_set": data_set, "tags": ["tiny"]}
    run = rows.launch("Finished trainings", values, **launched)
    advance_run(run.pk)
    train_on(run)
    shared = {"epochs": 2, "batch_size": 32, "compared": 1}
    train_on(rows.trained("Finished supernet", "darts", 8, strategy_config=shared))
    pausing = rows.trained("Pausing", "random", 4)
    claim_of(pausing, rows.slots[0])
    pause(pausing, rows.researcher)
    stopping = rows.trained("Stopping trainings", "random", 4)
    claim_of(stopping, rows.slots[0])
    stop(stopping, rows.researcher)
    config = {**TRAINED["estimator_config"], "inherited_epochs": 1}
    inherit = rows.trained("Trained, inheriting", "regularised-evolution", 5, estimator="inherit",
                           strategy_config={"population": 2, "sample": 2},
                           estimator_config=config)  # fmt: skip
    for _ in range(3):
        train_one(inherit, rows.slots[0])
    claim_of(inherit, rows.slots[1])
    shared = {"epochs": 3, "batch_size": 32, "compared": 1}
    supernet = rows.trained("Trained supernet", "darts", 8, strategy_config=shared)
    for _ in range(2):
        train_one(supernet, rows.slots[0])
    return [weights_folder(inherit), weights_folder(supernet)]


def every_state_of_a_candidate(rows: Rows) -> None:
    """One run with candidates that ended in every way, and some that are under way."""
    run = rows.trained("Every state of a candidate", "regularised-evolution", 30, in_flight=12,
                       constraints=("params<5000",), strategy_config=EVOLUTION)  # fmt: skip
    params = Measurement("params", 4000.0, "", method="counted")
    endings: tuple[Callable[[int], Outcome], ...] = (
        lambda n: Outcome(n, "done", (Measurement("error", 12.5, "%"), params), epochs=1),
        lambda n: Outcome(n, "done", (Measurement("error", 30.0, "%"), params), epochs=1),
        lambda n: Outcome(n, "pruned", (Measurement("params", 9000.0, ""),),
                          "9.00 k breaks params < 5.00 k, not trained"),
        lambda n: Outcome(n, "diverged", (params,), "loss is nan in epoch 1", 1),
        lambda n: Outcome(n, "failed", (), "OutOfMemoryError: made up"),
        lambda n: Outcome(n, "cancelled", (), "ended on request"),
        lambda n: Outcome(n, "done", (params,)),
    )  # fmt: skip
    for ending in endings:
        held = claim_of(run, rows.slots[0])
        assert held is not None
        point = {"epoch": 1, "epochs": 1, "train_loss": 2.25, "valid_error": 80.0, "seconds": 0.5}
        claims.report(held, point)
        claims.finish(held, ending(held.number))
    advance_run(run.pk)
    lost = claim_of(run, rows.slots[1])
    assert lost is not None
    Candidate.objects.filter(pk=lost.candidate_id).update(
        lease_until=Now() - timezone.timedelta(hours=1)
    )
    reap()
    for _ in range(2):  # the lost one, and the next
        claim_of(run, rows.slots[0])
    running = run.candidates.filter(state="running").order_by("number")
    Candidate.objects.filter(pk=running.first().pk).update(state="lost", lease_until=None)


def another_team(rows: Rows) -> None:
    """What people of Vision must not see: a run, and a table with NAS-Bench-201's own columns."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_table(Path(folder) / "own.csv.gz", every=400)
        common = {"team": "speech", "user": "owner-of-speech", "verbosity": 0}
        call_command("import_table", str(path), name="own", **common)
    question = Question(**{**TABLE, "dataset": "cifar10", "objectives": ("error", "macs"),
                           "candidates": 4, "estimator_config": {"path": "table:own"}})  # fmt: skip
    run = launch(rows.other_team, rows.stranger, question, "Of another team")
    advance_run(run.pk, seconds=60.0)


def catalogue(rows: Rows) -> None:
    """A proposed, an approved and a rejected entry, two of them with history."""
    run = Run.objects.get(name="Finished")
    numbers = run.front["numbers"][:3]
    kept = [keep(run.candidates.get(number=n), rows.researcher, f"Cell {n}") for n in numbers]
    promote(kept[1], rows.curator, "small and good enough")
    reject(kept[2], rows.curator, "too slow on the board")
    promote(kept[2], rows.people["owner"], "measured again: it is not")
    reject(kept[2], rows.curator, "it is")


def pages(rows: Rows) -> None:
    """Rows that only requests make: sessions, sign-ins, a refused one, an entry of the admin."""
    wrong = {"username": "viewer-of-vision", "password": "not it"}
    assert Client().post("/sign-in/", wrong).status_code == 200
    signed_in("viewer-of-vision")
    added = signed_in("admin").post(
        "/admin/accounts/team/add/", {"name": "Robotics", "slug": "robotics"}
    )
    assert added.status_code == 302, added.content.decode()
    text = "net,acc,ms\n" + "|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|,60,5\n"
    answer = signed_in("researcher-of-vision").post(
        "/datasets/tables/new",
        {"name": "uploaded", "file": SimpleUploadedFile("uploaded.csv", text.encode()),
         "space": "nb201", "architecture": "net",
         "columns": "error=acc:100-x:%,latency@board=ms::ms"},
    )  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()


def signed_in(name: str) -> Client:
    """A client that has signed in by the page."""
    client = Client()
    answer = client.post("/sign-in/", {"username": name, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    return client


def old_versions_of_tables(rows: Rows, table: Path) -> None:
    """A second version of the table: the runs keep the first."""
    import gzip

    lines = gzip.decompress(table.read_bytes()).splitlines(keepends=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.csv"
        path.write_bytes(b"".join([lines[0], *lines[1::200]]))
        common = {"team": "vision", "user": "researcher-of-vision", "verbosity": 0}
        call_command("import_table", str(path), name="made", **MAPPING, **common)
