"""Labels, icons and tones of the states of jobs."""

from __future__ import annotations

from webapp.runs.labels import StateLabel

from .models import JobState

JOB_STATES = {
    JobState.QUEUED: StateLabel("Queued", "hourglass", "calm", "Waits for a worker"),
    JobState.RUNNING: StateLabel("Running", "loader", "live", "A worker does it"),
    JobState.DONE: StateLabel("Done", "circle-check", "good", "Finished, its result is stored"),
    JobState.FAILED: StateLabel("Failed", "circle-x", "bad", "Ended by an error"),
    JobState.DIVERGED: StateLabel(
        "Diverged", "wave-sine", "warn", "Training diverged (NaN or infinity)"
    ),
    JobState.CANCELLED: StateLabel("Cancelled", "ban", "calm", "Cancelled on request"),
}
