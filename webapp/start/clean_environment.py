"""The environment of the workbench's processes, without variables that change what they do."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

# psycopg and PostgreSQL's programs read these in addition to DATABASE_URL.
DATABASE_VARIABLES = (
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGOPTIONS",
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGDATABASE",
    "PGUSER",
    "PGDATA",
    "PGTZ",
    "PGCLIENTENCODING",
)
# They make Python drop docstrings, turn warnings into errors or run other code.
PYTHON_VARIABLES = (
    "PYTHONOPTIMIZE",
    "PYTHONWARNINGS",
    "PYTHONSTARTUP",
    "PYTHONHOME",
    "PYTHONINSPECT",
)
# A locale that is not installed stops initdb; messages are read by programs anyway.
LOCALE = {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
LOCALE_VARIABLES = ("LANGUAGE", "LC_MESSAGES", "LC_COLLATE", "LC_CTYPE", "LC_NUMERIC", "LC_TIME")
REMOVED = (*DATABASE_VARIABLES, *PYTHON_VARIABLES, *LOCALE_VARIABLES)


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the variables above, in a locale that always exists."""
    return {**{k: v for k, v in environment.items() if k not in REMOVED}, **LOCALE}


def restart_in_clean_environment() -> None:
    """Replace this process by itself in a clean environment; return if it already is clean.

    Python reads its own variables before any code runs, so that only a new interpreter is free of
    them.
    """
    cleaned = clean(os.environ)
    if cleaned != dict(os.environ):
        os.execve(sys.executable, [sys.executable, *sys.argv], cleaned)
