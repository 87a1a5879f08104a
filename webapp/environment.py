"""Read the environment: database URL, secret key, numbers."""

from __future__ import annotations

import math
import os
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from nasengine.core.errors import EngineError
from nasengine.core.storage import storage_at

SYSTEM_DATA = "/usr/share/datasets"  # readable for every user of the machine


# Options of libpq against servers that hang, and machines and networks that are gone; the last
# three are for TCP only.
DEAD_SERVER = {
    "connect_timeout": "5",  # seconds
    "keepalives_idle": "30",  # seconds
    "keepalives_interval": "10",  # seconds
    "tcp_user_timeout": "30000",  # milliseconds
}


def database_from_url(url: str) -> dict:
    """Return Django's database settings for postgresql://user:password@host:port/name?host=/socket.

    The query may have any option of libpq. Without its own, a server that does not answer fails a
    request or a task within seconds, as one that refuses connections does; see `DEAD_SERVER`.

    Raises:
        ImproperlyConfigured: another scheme or no database name; the text has the remedy.
    """
    if not url:
        url = "postgresql://postgres@127.0.0.1:5432/paretoscope"
    parts = urlsplit(url)
    name = unquote(parts.path.lstrip("/"))
    if parts.scheme not in ("postgresql", "postgres") or not name:
        raise ImproperlyConfigured(
            "DATABASE_URL is not postgresql://USER:PASSWORD@HOST:PORT/NAME; "
            "correct it, or unset it to use the embedded server"
        )
    options = {**DEAD_SERVER, **dict(parse_qsl(parts.query))}
    host = options.pop("host", None) or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "CONN_HEALTH_CHECKS": True,
    }


def addresses(text: str) -> list[str]:
    """Return the addresses of a list separated by semicolons, as of BROKER_URL.

    Raises:
        ImproperlyConfigured: the list is empty.
    """
    found = [part.strip() for part in text.split(";") if part.strip()]
    if not found:
        raise ImproperlyConfigured(
            "BROKER_URL has no address; set it to redis://HOST:PORT/NUMBER, or to several of them "
            "separated by semicolons"
        )
    return found


def seconds(name: str, default: float) -> float:
    """Return a duration in seconds from an environment variable.

    Raises:
        ImproperlyConfigured: it is not a number above 0; the text has the remedy.
    """
    text = os.environ.get(name, "").strip()
    try:
        value = float(text) if text else float(default)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ImproperlyConfigured(
            f"{name} is {text[:40]!r}: it must be a number of seconds above 0; correct or unset it"
        )
    return value


def optional_seconds(name: str) -> float | None:
    """Return a duration like `seconds`, None if the variable is not set."""
    return seconds(name, 1) if os.environ.get(name, "").strip() else None


def whole(name: str, default: int, low: int = 1) -> int:
    """Return a count from an environment variable.

    Raises:
        ImproperlyConfigured: it is not a whole number from `low`; the text has the remedy.
    """
    text = os.environ.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdigit() and int(text[:10]) >= low and len(text) <= 10):
        raise ImproperlyConfigured(
            f"{name} is {text[:40]!r}: it must be a whole number above {low - 1}; "
            "correct or unset it"
        )
    return int(text)


def place(variable: str, root: Path | str, name: str) -> Path | str:
    """Return the place in an environment variable: a folder as a path, or a URL such as s3://...

    Args:
        variable: the environment variable.
        root: the folder or URL that has the default place.
        name: the name of the default place in it.

    Raises:
        ImproperlyConfigured: a URL of an unknown kind, or its package is not installed.
    """
    given = os.environ.get(variable, "").strip()
    text = (given or f"{str(root).rstrip('/')}/{name}").rstrip("/")
    if "://" not in text:
        return Path(text).absolute()
    try:
        storage_at(text)
    except EngineError as error:
        source = variable if given else "PARETOSCOPE_STORAGE"
        raise ImproperlyConfigured(f"{source}: {error}") from None
    return text


def names(variable: str, default: str) -> list[str]:
    """Return the names in an environment variable that are separated by commas."""
    text = os.environ.get(variable, "").strip() or default
    return [name.strip() for name in text.split(",") if name.strip()]


def data_roots(var_dir: Path) -> str:
    """Return the folders from which data may be read, separated by colons.

    Without PARETOSCOPE_DATA_ROOTS these are the folder `data` in `var_dir` and the folder of data
    sets that the system's packages install. The variable is set for this process and its
    children, because the engine reads it and by itself allows every file.
    """
    default = os.pathsep.join((str(var_dir.absolute() / "data"), SYSTEM_DATA))
    roots = os.environ.get("PARETOSCOPE_DATA_ROOTS") or default
    os.environ["PARETOSCOPE_DATA_ROOTS"] = roots
    return roots


def secret_key(var_dir: Path) -> str:
    """Return SECRET_KEY, or a generated key stored in a file that only its owner can read."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    path = var_dir / "secret_key"
    if not path.exists():
        var_dir.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text().strip()
