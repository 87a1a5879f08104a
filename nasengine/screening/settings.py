"""Settings of the filter by a proxy."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.search_spec import SearchSpec


@dataclass(frozen=True)
class ScreenSettings:
    """The settings of a filter, as in `SearchSpec`."""

    proxy: str
    keep: float = 0.5
    correlation: float = 0.3
    first: int = 10
    checks: int = 5

    @classmethod
    def of(cls, spec: SearchSpec) -> ScreenSettings:
        return cls(
            spec.proxy,
            spec.proxy_keep,
            spec.proxy_correlation,
            spec.proxy_first,
            spec.proxy_checks,
        )

    def is_checked(self, number: int) -> bool:
        """Return whether this candidate is trained whatever its score."""
        return number < self.first or number % self.checks == 0
