"""Random requests to every address of the API: no error of the server, no HTML.

RANDOM_REQUESTS=200 sends so many requests to every operation, RANDOM_SEED=1 others.
"""

from __future__ import annotations

import os

import pytest

from tests.fixtures.api import Caller
from tests.fixtures.factories import make_run
from tests.fixtures.random_requests import answer_of, operations, send_random

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("RANDOM_REQUESTS", "3"))
SEED = int(os.environ.get("RANDOM_SEED", "0"))


def test_no_request_is_an_error_of_the_server(owner, team):
    client = Caller(owner).client
    make_run(team, candidates=1)
    seen: dict[str, set[int]] = {}
    for name, operation in operations().items():

        def send(case, name=name):
            answer = answer_of(client, case)
            seen.setdefault(name, set()).add(answer.status_code)
            assert answer.status_code < 500, (name, answer.content)
            kind = answer.headers["Content-Type"]
            assert answer.status_code < 400 or kind == "application/problem+json", (name, kind)

        send_random(operation, EXAMPLES, send, SEED)
    assert len(seen) >= 35
    assert {200, 404, 422} <= set().union(*seen.values())
