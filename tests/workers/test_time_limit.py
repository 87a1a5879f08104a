"""Work may take days as long as it makes progress; the message names value, rule and remedy."""

from __future__ import annotations

import io

import pytest

from webapp.environment import optional_seconds
from workers import time_limit, trainer
from workers.candidate_work import CandidateWork
from workers.export_work import ExportWork
from workers.time_limit import TimeLimit


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test sets."""

    class Clock:
        now = 1000.0

        def monotonic(self) -> float:
            return self.now

    stand_in = Clock()
    monkeypatch.setattr(time_limit, "time", stand_in)
    monkeypatch.setattr(trainer, "time", stand_in)
    return stand_in


def limit_of(cls) -> TimeLimit:
    return TimeLimit(cls.__new__(cls))


def test_a_training_may_take_days_while_it_makes_progress(settings, clock):
    settings.PROGRESS_SECONDS, settings.CANDIDATE_SECONDS = 3600, None
    limit = limit_of(CandidateWork)
    for _ in range(24 * 10):
        clock.now += 3600
        assert limit.excess() == ""
        limit.progressed()
    clock.now += 3601
    assert limit.excess() == (
        "no sign of progress for 3601 s, allowed are 3600 s (PROGRESS_SECONDS), so it was stopped: "
        "look for a slow disk or a hanging data loader on the worker, or raise PROGRESS_SECONDS"
    )


def test_the_names_of_earlier_releases_still_limit_the_whole_duration(settings, clock, monkeypatch):
    monkeypatch.setenv("CANDIDATE_SECONDS", "86400")
    settings.CANDIDATE_SECONDS = optional_seconds("CANDIDATE_SECONDS")
    assert optional_seconds("TRAINING_SECONDS") is None
    limit = limit_of(CandidateWork)
    for _ in range(24):
        clock.now += 3599
        limit.progressed()
    assert limit.excess() == ""
    clock.now += 100
    assert limit.excess() == (
        "took longer than CANDIDATE_SECONDS (86400 s) and was stopped: raise or unset "
        "CANDIDATE_SECONDS"
    )


def test_an_export_may_be_silent_until_its_own_limit(settings, clock):
    settings.PROGRESS_SECONDS, settings.EXPORT_SECONDS = 60, 7200
    limit = limit_of(ExportWork)
    clock.now += 7199
    assert limit.excess() == ""
    clock.now += 2
    assert "EXPORT_SECONDS (7200 s)" in limit.excess()


def test_a_step_is_a_sign_of_progress_but_not_every_step_sends_a_message(clock):
    sent: list[dict] = []

    class Sent:
        def send(self, **message) -> None:
            sent.append(message)

    job = trainer.Job({"job": 3, "type": "train"}, trainer.Requests(io.StringIO()), Sent())
    for _ in range(20):
        clock.now += 1
        assert not job.cancelled()
    assert sent == [{"type": "alive", "job": 3}] * 4
