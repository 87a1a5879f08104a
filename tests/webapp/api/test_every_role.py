"""Every operation of the API as every role, a stranger and no one, with tokens that read or write.

The operations come from the OpenAPI description: one that is not listed here fails.
"""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from tests.fixtures.api import Caller
from tests.fixtures.devices import make_device
from tests.fixtures.evaluations import finish_export, make_export
from tests.fixtures.factories import done, make_run, make_slot, make_table, take
from tests.fixtures.study_plans import small_plan
from tests.fixtures.uploaded_data import make_data
from webapp.accounts.permissions import MIN_ROLE, ROLE_ORDER
from webapp.api.api import api
from webapp.api.models import Scope
from webapp.architectures.services.keeping import keep
from webapp.comments.services import add
from webapp.comments.targets import target_of
from webapp.datasets.services.uploads import request_upload
from webapp.runs.models import Run
from webapp.runs.services import claims
from webapp.studies.services.launching import launch_study

pytestmark = pytest.mark.django_db
REFUSED = {401, 403, 404}
SPEC = {"space": "nb201", "objectives": ["error", "params"], "candidates": 2}
# Operation -> the right that it needs, and its body. Operations that are not listed need "view".
WRITES: dict[str, tuple[str, dict[str, Any]]] = {
    "POST /api/runs": ("launch", {"name": "made", "team": "Vision", "spec": SPEC}),
    "POST /api/runs/{pk}/{action}": ("control", {}),
    "POST /api/runs/{pk}/candidates/{number}/retry": ("control", {}),
    "POST /api/runs/{pk}/budget": ("control", {"candidates": 9}),
    "POST /api/runs/{pk}/steer": ("control", {"target": {"error": 5.0}}),
    "POST /api/studies": (
        "launch",
        {
            "name": "x",
            "team": "Vision",
            "spec": SPEC,
            "methods": [{"strategy": "random"}],
            "seeds": [0],
        },
    ),
    "POST /api/studies/{pk}/{action}": ("control", {}),
    "POST /api/architectures": ("keep", {"run": "RUN", "candidate": "NUMBER"}),
    "POST /api/architectures/{pk}/stage": ("keep", {"stage": "shortlisted", "reason": "small"}),
    "POST /api/evaluations": ("launch", {"team": "Vision", "network": "DARTS_V2", "seeds": [0]}),
    "POST /api/evaluations/{pk}/{action}": ("control", {}),
    "POST /api/exports": ("launch", {"evaluation": "EVALUATION", "target": "onnx"}),
    "POST /api/exports/{pk}/{action}": ("control", {}),
    "POST /api/exports/{pk}/measurements": ("launch", {"device": "pi4"}),
    "POST /api/comments": ("view", {"run": "RUN", "text": "hello"}),
    "PATCH /api/comments/{pk}": ("author", {"text": "changed"}),
    "DELETE /api/comments/{pk}": ("author or owner", {}),
    "POST /api/data": ("import", {}),
}  # fmt: skip
QUERIES = {
    "GET /api/runs/compare": "run=RUN",
    "GET /api/comments": "run=RUN",
    "POST /api/data": "team=Vision&name=mine&file_name=mine.zip",
}
OF_THE_PERSON = ("GET /api/me", "GET /api/usage")


@pytest.fixture
def keys(team, researcher) -> dict[str, Any]:
    """Keys of an object of each kind; RUN and the like in bodies and queries."""
    run = make_run(team, candidates=2)
    held = take(make_slot())
    claims.finish(held, done(held.number))
    entry = keep(run.candidates.get(number=held.number), researcher)
    export = finish_export(make_export(team, researcher))
    upload = request_upload(team, researcher, io.BytesIO(b"x"), "made.zip", {"name": "made"})
    return {
        "RUN": run.pk,
        "NUMBER": held.number,
        "EVALUATION": export.training.evaluation_id,
        "runs": run.pk,
        "studies": launch_study(team, researcher, "a study", small_plan()).pk,
        "architectures": entry.pk,
        "evaluations": export.training.evaluation_id,
        "exports": export.pk,
        "comments": add(target_of("run", run.pk), researcher, "a comment").pk,
        "tables": make_table(team).pk,
        "devices": make_device(team).pk,
        "uploads": upload.pk,
        "data": make_data(team, researcher).pk,
    }


def operations() -> list[str]:
    paths = api.get_openapi_schema()["paths"]
    return [f"{method.upper()} {path}" for path, found in paths.items() for method in found]


def address_of(operation: str, keys: dict[str, Any]) -> str:
    """Return the address of an existing object, with the query that it needs."""
    path = operation.partition(" ")[2]
    kind = "uploads" if "/uploads/" in path else path.split("/")[2]
    action = "cancel" if kind in ("evaluations", "exports") else "pause"
    for name, value in (("pk", keys.get(kind, 0)), ("number", keys["NUMBER"]), ("seed", 0)):
        path = path.replace(f"{{{name}}}", str(value))
    query = QUERIES.get(operation, "")
    if not query and operation.startswith("GET") and "{" not in operation:
        query = "" if operation in OF_THE_PERSON else "team=Vision"
    return path.replace("{action}", action) + ("?" + query if query else "").replace(
        "RUN", str(keys["RUN"])
    )


def status_of(client: Client, operation: str, keys: dict[str, Any]) -> int:
    """Send the request, undo what it did, and return its status."""
    body = {k: keys.get(v, v) if isinstance(v, str) else v for k, v in body_of(operation).items()}
    with transaction.atomic():
        answer = client.generic(
            operation.partition(" ")[0],
            address_of(operation, keys),
            json.dumps(body),
            "application/json",
        )
        transaction.set_rollback(True)
    return answer.status_code


def body_of(operation: str) -> dict[str, Any]:
    return WRITES.get(operation, ("view", {}))[1]


def may_call(operation: str, role: str, is_author: bool) -> bool:
    """Return whether a member with this role may call the operation with a token that writes."""
    need = WRITES.get(operation, ("view", {}))[0]
    if need.startswith("author"):
        return is_author or (need == "author or owner" and role == "owner")
    return ROLE_ORDER.index(role) >= ROLE_ORDER.index(MIN_ROLE[need])


def test_every_operation_that_changes_something_is_listed():
    writing = {name for name in operations() if not name.startswith("GET ")}
    assert writing == set(WRITES)
    assert len(operations()) >= 45


def test_every_operation_as_every_role_with_both_scopes(
    keys, team, viewer, researcher, curator, owner
):
    wrong = []
    for user in (viewer, researcher, curator, owner):
        role = user.memberships.get().role
        for scope in (Scope.READ, Scope.WRITE):
            client = Caller(user, scope).client
            for name in operations():
                if scope == Scope.WRITE and name not in WRITES:
                    continue  # reading needs no more than the other token
                may = may_call(name, role, user == researcher)
                may = may and (scope == Scope.WRITE or name not in WRITES)
                status = status_of(client, name, keys)
                refused = status == 403 if not may else status in REFUSED
                if refused == may or status >= 500:
                    wrong.append((name, role, str(scope), status))
    assert wrong == []
    assert Run.objects.get(pk=keys["RUN"]).state == "running"  # nothing was changed


def test_every_operation_as_a_stranger_and_as_no_one(keys, stranger):
    outside, no_one = Caller(stranger).client, Client()
    seen = {name: status_of(outside, name, keys) for name in operations()}
    assert seen == {name: 200 if name in OF_THE_PERSON else 404 for name in operations()}
    for name in OF_THE_PERSON:
        assert b"Vision" not in outside.get(address_of(name, keys)).content
    assert {status_of(no_one, name, keys) for name in operations()} == {401}
