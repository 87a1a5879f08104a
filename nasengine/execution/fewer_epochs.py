"""Whether a search can train its candidates in parts."""

from __future__ import annotations

from ..catalog import has, load, names
from ..core.errors import EngineError
from ..core.objective import split_name
from ..core.search_spec import SearchSpec
from ..core.settings import from_mapping
from ..core.text import shorten


def parts_objection(spec: SearchSpec) -> str:
    """Return why `fewer_epochs` does not fit the other settings; "" if it fits or is off."""
    known = has("estimators", spec.estimator) and has("strategies", spec.strategy)
    if spec.fewer_epochs == "off" or not known:
        return ""
    estimator = load("estimators", spec.estimator)
    if not estimator.trains_in_parts:
        fitting = [name for name in names("estimators") if load("estimators", name).trains_in_parts]
        return (
            f"{shorten(spec.fewer_epochs, 40)} needs an estimator that trains in parts "
            f"({', '.join(fitting)}), which {spec.estimator} does not: choose one, or set it to off"
        )
    if awaited := [name for name in spec.objectives if split_name(name)[1] in spec.devices]:
        return (
            f"must be off with {awaited[0]}, which a device agent measures after the training: "
            "paused trainings are compared by all objectives"
        )
    if "supernet" in load("strategies", spec.strategy).requires:
        return f"must be off with {spec.strategy}, which compares its supernet with whole trainings"
    try:
        config = from_mapping(estimator.Config, spec.estimator_config)
        return str(estimator(config).parts_objection(spec.dataset))
    except EngineError:
        return ""  # the estimator's own settings are wrong, which is reported there
