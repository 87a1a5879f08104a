"""What the engine raises when it refuses something: value, rule, remedy."""

from __future__ import annotations


class EngineError(ValueError):
    """A refusal a person can act on; its text is one line naming value, rule and remedy."""


class UnknownName(EngineError):
    """A catalogue name that does not exist."""


class InvalidSettings(EngineError):
    """One or more settings break their rules.

    `errors` maps the dotted path of each setting ("strategy_config.population") to its
    message, so that a form can put every message beside its own field.
    """

    def __init__(self, errors: dict[str, str]):
        self.errors = dict(errors)
        super().__init__("; ".join(f"{name}: {text}" for name, text in self.errors.items()))


class InvalidArchitecture(EngineError):
    """A network description that its space does not allow."""


class DataMissing(EngineError):
    """A data set's files are not where the settings say."""


class Diverged(EngineError):
    """Training left the finite numbers; the text says at which epoch and step."""


class NotFinite(EngineError):
    """A value that would have been measured is NaN or infinite."""


class Cancelled(Exception):
    """The evaluation was asked to end early; nobody is at fault."""
