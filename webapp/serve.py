"""Start the web server: `python -m webapp.serve [--host HOST] [--port PORT]`.

It takes the address of a client from the connection. uvicorn's own handling of forwarded addresses
is off, because it believes every process of this machine; `ClientAddressMiddleware` trusts only
the proxies that PROXY_COUNT names.
"""

from __future__ import annotations

import argparse
import os

import uvicorn

SHUTDOWN_SECONDS = 3
MAX_SOCKET_MESSAGE_BYTES = 65_536  # pages send only pings


def main(arguments: list[str] | None = None) -> None:
    """Serve pages and sockets until a signal ends the process."""
    parser = argparse.ArgumentParser(prog="python -m webapp.serve", description="Serve pages.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default=8000, type=int)
    options = parser.parse_args(arguments)
    os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"  # not that of another project
    uvicorn.run(
        "webapp.asgi:application",
        host=options.host,
        port=options.port,
        lifespan="off",
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        ws_max_size=MAX_SOCKET_MESSAGE_BYTES,
    )


if __name__ == "__main__":
    main()
