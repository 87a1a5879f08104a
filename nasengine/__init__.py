"""nasengine: neural architecture search as a library.

    import nasengine

    result = nasengine.search(space="nb201", strategy="random", candidates=20)
    result.plot_front()
    network = result.best.build()

The parts follow the survey of Elsken, Metzen and Hutter (1808.05377): spaces (what can be
built), strategies (what to try next) and estimators (how good it is), and with them objectives,
data sets, Pareto arithmetic and the search loop in `nasengine.execution`. No web framework and
no task queue is needed. `import nasengine` is quick: every name is imported on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .catalog import load as load_plugin
    from .catalog import names, register
    from .core.architecture import Architecture
    from .core.dataset import Dataset
    from .core.decision import Decision
    from .core.errors import EngineError, InvalidSettings
    from .core.estimator import Estimator, Evaluation
    from .core.events import EngineEvent
    from .core.measurement import Measurement
    from .core.objective import Constraint, Goal, Objective
    from .core.outcome import Outcome
    from .core.proposal import Proposal
    from .core.protocol import Protocol
    from .core.search_spec import SearchSpec
    from .core.settings import setting
    from .core.space import Space
    from .core.strategy import Strategy, Task
    from .core.target import Target
    from .execution.building import build
    from .execution.canonical import canonical, canonical_id
    from .execution.description import describe
    from .execution.difference import difference
    from .execution.evaluation_result import EvaluationResult
    from .execution.final_evaluation import evaluate
    from .execution.network_folder import load_network
    from .execution.network_table import network_table
    from .execution.result import Candidate, Result
    from .execution.run_file import load_run
    from .execution.search import search
    from .exports.export import Exported, export
    from .spaces.common.decision_space import DecisionSpace

# Public name -> module that defines it (and after a colon its name there, if that differs).
_PUBLIC = {
    "Architecture": "core.architecture",
    "Candidate": "execution.result",
    "Constraint": "core.objective",
    "Dataset": "core.dataset",
    "Decision": "core.decision",
    "DecisionSpace": "spaces.common.decision_space",
    "EngineError": "core.errors",
    "EngineEvent": "core.events",
    "Estimator": "core.estimator",
    "Evaluation": "core.estimator",
    "EvaluationResult": "execution.evaluation_result",
    "Exported": "exports.export",
    "Goal": "core.objective",
    "InvalidSettings": "core.errors",
    "Measurement": "core.measurement",
    "Objective": "core.objective",
    "Outcome": "core.outcome",
    "Proposal": "core.proposal",
    "Protocol": "core.protocol",
    "Result": "execution.result",
    "SearchSpec": "core.search_spec",
    "Space": "core.space",
    "Strategy": "core.strategy",
    "Target": "core.target",
    "Task": "core.strategy",
    "build": "execution.building",
    "canonical": "execution.canonical",
    "canonical_id": "execution.canonical",
    "describe": "execution.description",
    "evaluate": "execution.final_evaluation",
    "export": "exports.export",
    "difference": "execution.difference",
    "load_network": "execution.network_folder",
    "load_plugin": "catalog:load",
    "load_run": "execution.run_file",
    "names": "catalog",
    "network_table": "execution.network_table",
    "register": "catalog",
    "search": "execution.search",
    "setting": "core.settings",
}

__all__ = [
    "Architecture",
    "Candidate",
    "Constraint",
    "Dataset",
    "Decision",
    "DecisionSpace",
    "EngineError",
    "EngineEvent",
    "Estimator",
    "Evaluation",
    "EvaluationResult",
    "Exported",
    "Goal",
    "InvalidSettings",
    "Measurement",
    "Objective",
    "Outcome",
    "Proposal",
    "Protocol",
    "Result",
    "SearchSpec",
    "Space",
    "Strategy",
    "Target",
    "Task",
    "build",
    "canonical",
    "canonical_id",
    "describe",
    "difference",
    "evaluate",
    "export",
    "load_network",
    "load_plugin",
    "load_run",
    "names",
    "network_table",
    "register",
    "search",
    "setting",
]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
