"""Where processes write: to standard error, which whoever started them keeps."""

from __future__ import annotations

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
    },
    "loggers": {
        # A page that breaks leaves its traceback; a 404 is no event.
        "django": {"handlers": ["stderr"], "level": "ERROR", "propagate": False},
        # Anybody can send a wrong Host; the answer is 400, and no line in the log.
        "django.security.DisallowedHost": {"handlers": [], "propagate": False},
        "webapp": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "axes": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}
