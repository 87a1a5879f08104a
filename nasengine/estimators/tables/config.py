"""Settings of the estimator `table`."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.errors import InvalidSettings
from ...core.settings import setting
from . import nb201_layout
from .column import parse_column
from .keys import key_columns
from .partial import parse_partials


@dataclass(frozen=True)
class TableConfig:
    """The table and the mapping of its columns to objectives.

    Raises:
        InvalidSettings: a column mapping is invalid.
    """

    path: str = setting(
        "",
        "A .csv or .json file, plain or .gz, table:NAME for a table of your team, or the "
        "name of a packaged table: digits-nb201.",
    )
    columns: tuple[str, ...] = setting(
        (),
        "Meaning of the columns, as in error=val_acc:100-x:%, params=size, "
        "throughput@a100=tp:x:images/s:higher. Default: those of a packaged table, or of the "
        "NAS-Bench-201 table.",
    )
    report: tuple[str, ...] = setting(
        (), "Columns that are reported but are no objectives, such as test_error=test_acc:100-x:%."
    )
    architecture: str = setting(
        nb201_layout.ARCHITECTURE,
        "Column of the architecture's text, id or canonical JSON; or several, separated by "
        "commas: one for each decision of the space, in its order.",
    )

    costs_first: bool = setting(
        False,
        "Check constraints on costs before the lookup, as training does: a candidate that violates "
        "one gets only its costs and does not count towards the budget.",
    )

    partial: tuple[str, ...] = setting(
        (),
        "Columns with a quality after fewer epochs, as in 12:error=val_acc_12:100-x:%, for a "
        "search that uses fewer epochs. Default: the 12-epoch results of the NAS-Bench-201 table.",
    )
    epochs: int = setting(
        0, "Epochs of the trainings in the table; needed with partial.", low=0, high=1_000_000
    )
    separate: bool = setting(
        False,
        "Each partial result is that of a training of its own, so going on costs all epochs again.",
    )

    def __post_init__(self) -> None:
        errors = self._partial_errors()
        for name in ("columns", "report"):
            try:
                names = [parse_column(text).objective for text in getattr(self, name)]
            except ValueError as error:
                errors[name] = str(error)
                continue
            if len(set(names)) < len(names):
                errors[name] = "names an objective twice: give each one column"
        if self.report and not self.columns:
            errors["report"] = "needs columns: map the objectives in columns"
        try:
            key_columns(self.architecture)
        except ValueError as error:
            errors["architecture"] = str(error)
        if errors:
            raise InvalidSettings(errors)

    def _partial_errors(self) -> dict[str, str]:
        if not self.partial:
            return {}
        try:
            columns = parse_partials(self.partial)
        except ValueError as error:
            return {"partial": str(error)}
        if not self.columns:
            return {"partial": "needs columns: map the objectives in columns"}
        last = columns[-1].epochs
        if self.epochs <= last:
            return {
                "epochs": f"must be above {last}, the largest of partial (got {self.epochs}): give "
                "the epochs of the whole training"
            }
        return {}
