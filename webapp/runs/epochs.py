"""Epochs that a run has saved by training in parts, what it stopped early and predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import IntegerField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from .models import Candidate, CandidateState, Measurement, Run
from .prediction_plot import INTERVAL_90, prediction_plot

MAX_ROWS = 50
NAMES = {
    "halving": "successive halving",
    "asha": "ASHA",
    "median": "median stopping",
    "curves": "curve extrapolation",
}


@dataclass(frozen=True)
class Saved:
    """Epochs of the trainings that have ended or paused.

    Attributes:
        trained: Epochs that were trained (counter: reported by the trainings).
        planned: Epochs that all of them would have taken.
    """

    trained: float
    planned: int

    @property
    def saved(self) -> float:
        return max(self.planned - self.trained, 0)

    @property
    def percent(self) -> float:
        return 100 * self.saved / self.planned if self.planned else 0.0


def shortened_by(run: Run) -> str:
    """Return the name of the method that shortens the trainings of a run; "" for none."""
    return NAMES.get(run.spec.get("fewer_epochs", "off"), "")


def epochs_context(run: Run) -> dict[str, Any]:
    """Return what the card of the run's page shows: three queries for any number of candidates."""
    stopped, predicted = stopped_rows(run), predicted_rows(run)
    return {
        "run": run,
        "method": shortened_by(run),
        "saved": saved_epochs(run),
        "stopped": stopped,
        "predicted": predicted,
        "plot": prediction_plot(predicted, stopped),
    }


def saved_epochs(run: Run) -> Saved:
    """Return the epochs trained and planned of the candidates that have paused or ended."""
    planned = Cast(KeyTextTransform("planned", "training"), IntegerField())
    waiting = (CandidateState.QUEUED, CandidateState.RUNNING, CandidateState.LOST)
    rows = run.candidates.exclude(training={}).exclude(state__in=waiting)
    pairs = list(rows.values_list("epochs", planned))
    return Saved(sum(epochs for epochs, _ in pairs), sum(planned for _, planned in pairs))


def stopped_rows(run: Run) -> list[dict[str, Any]]:
    """Return the newest candidates that were stopped early."""
    rows = run.candidates.filter(state=CandidateState.STOPPED).order_by("-ended_order")
    return [
        {
            "number": candidate.number,
            "reached": candidate.training.get("reached"),
            "planned": candidate.training.get("planned"),
            "seen": _last(candidate.training.get("curve")),
            "prediction": _last(candidate.findings.get("predictions")),
            "reason": candidate.reason,
        }
        for candidate in rows.only("number", "training", "findings", "reason")[:MAX_ROWS]
    ]


def predicted_rows(run: Run) -> list[dict[str, Any]]:
    """Return the first prediction and the result of the newest candidates that have both."""
    done = run.candidates.filter(
        state=CandidateState.DONE, findings__has_key="predictions"
    ).order_by("-ended_order")
    candidates = list(done.only("pk", "number", "training", "findings")[:MAX_ROWS])
    values = {
        (m.candidate_id, m.objective): m
        for m in Measurement.objects.filter(candidate__in=candidates).defer("detail")
    }
    rows = []
    for candidate in candidates:
        final = values.get((candidate.pk, candidate.training.get("objective", "")))
        if final is not None:
            first = candidate.findings["predictions"][0]
            rows.append(_compared(candidate, first, final))
    return rows


def _compared(
    candidate: Candidate, prediction: dict[str, float], final: Measurement
) -> dict[str, Any]:
    distance = abs(final.value - prediction["value"])
    return {
        "number": candidate.number,
        "prediction": prediction,
        "final": final.value,
        "unit": final.unit,
        "inside": distance <= INTERVAL_90 * prediction["deviation"],
    }


def _last(values: list[Any] | None) -> Any:
    return values[-1] if values else None
