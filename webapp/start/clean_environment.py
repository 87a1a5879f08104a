"""The environment of the workbench's processes, without variables that change what they do."""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Mapping
from functools import cache

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
# They make Python drop docstrings, turn warnings into errors, change how text is encoded, or run
# other code.
PYTHON_VARIABLES = (
    "PYTHONOPTIMIZE",
    "PYTHONWARNINGS",
    "PYTHONDEVMODE",
    "PYTHONVERBOSE",
    "PYTHONIOENCODING",
    "PYTHONUTF8",
    "PYTHONSTARTUP",
    "PYTHONHOME",
    "PYTHONINSPECT",
)
LOCALE_VARIABLES = ("LANGUAGE", "LC_MESSAGES", "LC_COLLATE", "LC_CTYPE", "LC_NUMERIC", "LC_TIME")
REMOVED = (*DATABASE_VARIABLES, *PYTHON_VARIABLES, *LOCALE_VARIABLES)


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the variables above, in a locale that always exists."""
    kept = {k: v for k, v in environment.items() if k not in REMOVED}
    return {**kept, "LC_ALL": _locale(), "LANG": _locale()}


def ignore_database_variables() -> None:
    """Remove the variables that would change which database this process connects to, and how."""
    for name in DATABASE_VARIABLES:
        os.environ.pop(name, None)


@cache
def _locale() -> str:
    """Return C.UTF-8 if this system has it, otherwise C; a missing locale stops initdb."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        return locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:  # older versions of macOS
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def restart_in_clean_environment() -> None:
    """Replace this process by itself in a clean environment; return if it already is clean.

    Python reads its own variables before any code runs, so that only a new interpreter is free of
    them.
    """
    cleaned = clean(os.environ)
    if cleaned != dict(os.environ):
        os.execve(sys.executable, [sys.executable, *sys.argv], cleaned)
