"""The MCP server against a real web server, with fastmcp's own client."""

from __future__ import annotations

import asyncio

import fastmcp
import pytest
from fastmcp.exceptions import ToolError

from paretoscope import Client
from paretoscope.mcp_server import build_server
from tests.fixtures.factories import make_run, work_off
from webapp.api.models import Scope
from webapp.api.services import tokens
from webapp.runs.models import Run

SPEC = {"space": "nb201", "strategy": "random", "candidates": 3, "objectives": ["error", "params"]}


def client_of(website, user, scope=Scope.WRITE) -> Client:
    return Client(website.url, tokens.issue(user, "mcp", scope))


def call(server, *calls):
    """Return the results of tools in order; of a refused call its message."""

    async def run():
        found = []
        async with fastmcp.Client(server) as session:
            for name, arguments in calls:
                try:
                    found.append((await session.call_tool(name, arguments)).data)
                except ToolError as error:
                    found.append(str(error))
        return found

    return asyncio.run(run())


def tools_of(server) -> dict[str, bool]:
    async def names():
        async with fastmcp.Client(server) as session:
            return {t.name: bool(t.description) for t in await session.list_tools()}

    return asyncio.run(names())


def test_a_model_reads_and_without_a_budget_launches_nothing(website, team, researcher):
    run = make_run(team, candidates=3)
    work_off(run)
    server = build_server(client_of(website, researcher, Scope.READ))
    tools = tools_of(server)
    assert all(tools.values())
    assert not {"launch_run", "launch_study", "cancel_run"} & tools.keys()
    runs, front, candidates, compared, lost, studies = call(
        server,
        ("list_runs", {"limit": 5}),
        ("get_front", {"run": run.pk}),
        ("list_candidates", {"run": run.pk, "after": 0}),
        ("compare_runs", {"runs": [run.pk]}),
        ("get_run", {"run": run.pk + 99}),
        ("list_studies", {}),
    )
    assert [row["id"] for row in runs] == [run.pk]
    assert [row["number"] for row in front["candidates"]] == [0, 1, 2]
    assert [row["number"] for row in candidates] == [1, 2]
    assert compared["runs"][0]["id"] == run.pk
    assert "no run" in lost
    assert studies == []
    with pytest.raises(ValueError, match="may only read"):
        build_server(client_of(website, researcher, Scope.READ), budget=5)


def test_launches_stay_within_the_budget(website, team, researcher, viewer):
    server = build_server(client_of(website, researcher), budget=8)
    wrong = {**SPEC, "space": "no-space"}
    study = {"name": "s", "methods": ["random", "local-search"], "seeds": [0, 1], "spec": SPEC}
    wide, refused, unsaid, first, again, left, last, cancelled = call(
        server,
        ("launch_study", study),
        ("launch_run", {"name": "a", "spec": wrong}),
        ("launch_run", {"name": "a", "spec": {"space": "nb201"}}),
        ("launch_run", {"name": "a", "spec": SPEC, "key": "k"}),
        ("launch_run", {"name": "b", "spec": SPEC}),
        ("budget_left", {}),
        ("launch_run", {"name": "c", "spec": SPEC}),
        ("cancel_run", {"run": 10**6}),
    )
    assert "12 candidates; the budget of this server allows 1 to 8 more" in wide
    assert "/space" in refused
    assert "needs candidates" in unsaid
    assert (first["state"], again["name"], left) == ("queued", "b", 2)
    assert "1 to 2 more" in last
    assert "no run" in cancelled
    assert Run.objects.count() == 2
    (denied,) = call(
        build_server(client_of(website, viewer), budget=5),
        ("launch_run", {"name": "a", "spec": SPEC}),
    )
    assert "role" in denied
