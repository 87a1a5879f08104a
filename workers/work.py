"""Work: what a worker claims, has its trainer process do, and stores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from django.conf import settings

from webapp.runs.services.leases import Verdict
from webapp.runs.services.loads import Sample

from .trainer_process import TrainerProcess

NO_LOAD_SECONDS = 60.0


@dataclass(frozen=True)
class Ending:
    """How the trainer process ended a piece of work.

    Attributes:
        state: "done", "failed", "diverged", "cancelled" or another state of an outcome.
        reason: why it did not end as done.
        outcome: the outcome in the message of the trainer process; empty if none came.
        digest: SHA-256 of the data that were read, "" if none were.
        seconds: how long the work took.
        is_crash: the trainer process died.
    """

    state: str
    reason: str
    outcome: dict[str, Any]
    digest: str = ""
    seconds: float = 0.0
    is_crash: bool = False

    def after_attempts(self) -> Ending:
        """Return the ending of work that is not tried again, with the number of attempts."""
        return replace(self, reason=f"{self.reason}; tried {settings.MAX_ATTEMPTS} times")

    @classmethod
    def of_message(cls, message: dict[str, Any], seconds: float) -> Ending:
        """Return the ending that a message of type "outcome" reports."""
        outcome = message["outcome"]
        digest = message.get("digest", "")
        return cls(outcome["state"], outcome.get("reason", ""), outcome, digest, seconds)


class Work(ABC):
    """A claim of a worker. All methods but `start` use the database and may be called again."""

    noun: ClassVar[str]  # for messages, as in "candidate"
    limit: ClassVar[str]  # setting with the longest duration in seconds; None: no limit
    is_watched: ClassVar[bool] = True  # stopped after PROGRESS_SECONDS without progress
    may_share: bool = False  # a trainer process may do other work at the same time
    fence: int  # fencing token of the claim

    @abstractmethod
    def __str__(self) -> str:
        """Return what the log calls it, as in "run 3 candidate 7"."""

    def prepare(self) -> None:  # noqa: B027  most work needs nothing
        """Prepare files that the trainer process reads.

        Raises:
            EngineError: that is not possible; the work then fails.
        """

    @abstractmethod
    def start(self, trainer: TrainerProcess) -> None:
        """Request the work from the trainer process."""

    @abstractmethod
    def heartbeat(self) -> Verdict:
        """Extend the lease."""

    @abstractmethod
    def report(self, point: dict[str, Any]) -> bool:
        """Store the progress; return False if the claim is no longer valid."""

    def record_output(self, lines: list[str]) -> None:  # noqa: B027  only candidates have a log
        """Store lines that the work has printed."""

    def record_load(self, worker: str, sample: Sample) -> float:
        """Store the load of a worker; return the seconds until the next one."""
        return NO_LOAD_SECONDS

    @abstractmethod
    def finish(self, ending: Ending) -> bool:
        """Store how it ended; return False if the claim is no longer valid."""

    @abstractmethod
    def release(self) -> None:
        """Return the work to its queue."""
