"""The first run of a new installation: small, real, and in progress at the first sign-in."""

from __future__ import annotations

from nasengine.core.search_spec import SearchSpec
from webapp.accounts.models import Team, User
from webapp.runs.models import Run
from webapp.runs.services.launch import launch

CANDIDATES = 60
STAGES = {"first": 12, "keep": 8}


def launch_first_run(team: Team, user: User | None) -> Run:
    """Launch DPP-Net on small cells and `digits`, with the latency of this machine."""
    spec = SearchSpec(
        space="cell",
        strategy="dpp-net",
        estimator="train",
        dataset="digits",
        objectives=("error", "params", "latency@cpu"),
        candidates=CANDIDATES,
        in_flight=2,
        strategy_config=dict(STAGES),
    )
    return launch(team, user, spec, "First run", tags=["first"])
