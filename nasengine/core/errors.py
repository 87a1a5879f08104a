"""Exceptions of the engine. Their messages name the value, the rule and the remedy."""

from __future__ import annotations


class EngineError(ValueError):
    """An invalid input or environment that the user can correct; the message is one line."""


class UnknownName(EngineError):
    """A name that is not in the catalogue."""


class InvalidSettings(EngineError):
    """One or more invalid settings.

    `errors` maps the dotted path of each setting ("strategy_config.population") to its
    message, so that a form can show every message at its own field.
    """

    def __init__(self, errors: dict[str, str]):
        self.errors = dict(errors)
        super().__init__("; ".join(f"{name}: {text}" for name, text in self.errors.items()))


class InvalidArchitecture(EngineError):
    """An architecture that its space does not allow."""


class DataMissing(EngineError):
    """The files of a data set are not at the configured path."""


class DataForbidden(DataMissing):
    """A path is outside of the folders that data may be read from; it may exist or not."""


class Diverged(EngineError):
    """Training diverged (NaN or infinity); the message names epoch and step."""


class NotFinite(EngineError):
    """A measured value is NaN or infinite."""


class Cancelled(Exception):
    """The evaluation was cancelled on request; this is not an error."""
