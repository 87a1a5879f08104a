"""Logging: every process writes to standard error; its supervisor keeps the log."""

from __future__ import annotations

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
    },
    "filters": {"outages": {"()": "webapp.common.outage.OutageFilter"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
        "none": {"class": "logging.NullHandler"},
    },
    "loggers": {
        # Only errors with a traceback; a 404 is not an error.
        "django": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        # A request without the database is one line.
        "django.request": {"filters": ["outages"]},
        # Anyone can send a wrong Host header or a forged query: answered with 400, not logged.
        # Without a handler Python itself would write these with their tracebacks.
        "django.security": {"handlers": ["none"], "propagate": False},
        "webapp": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "axes": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}
