"""Limits that models, services and forms share; every one of them is defined only here."""

from __future__ import annotations

from nasengine.core.settings import describe
from nasengine.execution.assembly import Budget

_BUDGET = {setting.name: setting for setting in describe(Budget)}

# Lengths of texts, in characters.
MAX_NAME = 120  # of a run, study or catalogue entry
MAX_REASON = 500  # why a run or candidate ended, or an entry was promoted or rejected
MAX_NOTE = 300
MAX_PROTOCOL_NAME = 300  # with the settings that were changed
MAX_TAG = 40
MAX_ALIAS = 40  # of a catalogue entry, such as champion
MAX_PROPOSAL = 1000  # why an architecture is proposed
MAX_ENTRY_NOTE = 4000  # on a catalogue entry
MAX_RUN_NOTE = 10_000  # Markdown notes of a run
MAX_QUESTION = 2000  # the question that a study answers
MAX_LOG_TEXT = 2000

# Numbers of things.
MAX_TAGS = 20
MAX_STUDY_RUNS = 400
MAX_TABLE_DATASETS = 20
MAX_OPEN_IMPORTS = 5  # of a team
MAX_KEPT_UPLOADS = 10  # of a team: files of imports that can be tried again
MAX_DATA_FILES = 200_000  # of an uploaded data set
MAX_CURVE_POINTS = 5000  # epochs kept per candidate or training
MAX_EVALUATION_SEEDS = 20

# The engine's own bounds.
MAX_CANDIDATES = int(_BUDGET["candidates"].high or 0)
MAX_SEED = int(_BUDGET["seed"].high or 0)

# Bodies of requests, in bytes.
MEGABYTE = 1_000_000
MAX_SIGNED_OUT_BYTES = 100_000  # without a session: the sign-in form
MAX_FORM_BYTES = 2_500_000  # a form of a signed-in user
MAX_SKIPPED_BYTES = 500 * MEGABYTE  # read and dropped, so that the browser shows the answer
