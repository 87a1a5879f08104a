"""Database queries of the sockets, in threads that do not keep idle connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")
_sockets = ThreadPoolExecutor(max_workers=4, thread_name_prefix="sockets")
_feeds = ThreadPoolExecutor(max_workers=1, thread_name_prefix="feeds")


async def query(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what the function reads, and close the connection that it used."""
    return await _in_thread(_sockets, False, lambda: function(*args, **kwargs))


async def feed_query(keep: bool, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what the function reads; all feeds of the process share one thread.

    With `keep` the connection stays open for the next query, since connecting costs more than
    reading a few rows. The first query without `keep`, or one that fails, closes it.
    """
    return await _in_thread(_feeds, keep, lambda: function(*args, **kwargs))


async def close_feed_connection() -> None:
    """Close the connection that feeds have kept open."""
    await feed_query(False, lambda: None)


async def _in_thread(threads: ThreadPoolExecutor, keep: bool, call: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, _called, keep, call)


def _called(keep: bool, call: Callable[[], T]) -> T:
    kept = False
    try:
        answer = call()
        kept = keep
        return answer
    finally:
        if not kept:
            connections.close_all()
