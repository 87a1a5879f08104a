"""Messages to open pages, sent from the threads and processes that tasks run in."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from channels.layers import get_channel_layer

from webapp.common.channel_groups import send_to_group

GROUP = "test.channel.groups"
SENT = range(40)


def send(number: int) -> None:
    """Send after an event loop of this thread has been closed, as one task does after another."""
    asyncio.run(asyncio.sleep(0))
    send_to_group(GROUP, {"type": "news", "number": number})


def send_from_a_fork(number: int) -> None:
    """Send from a forked child of a process that has sent before, such as a pool's."""
    child = os.fork()
    if child == 0:
        try:
            send_to_group(GROUP, {"type": "news", "number": number})
        finally:
            os._exit(0)
    os.waitpid(child, 0)


@pytest.mark.trap(25)
def test_messages_of_threads_and_forks_arrive_although_their_loops_are_closed():
    async def received() -> set[int]:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(GROUP, channel)
        with ThreadPoolExecutor(8) as pool:
            await asyncio.gather(
                *(asyncio.get_running_loop().run_in_executor(pool, send, n) for n in SENT)
            )
        await asyncio.to_thread(send_from_a_fork, len(SENT))
        found = set()
        while len(found) < len(SENT) + 1:
            found.add((await asyncio.wait_for(layer.receive(channel), 60))["number"])
        await layer.group_discard(GROUP, channel)
        return found

    assert asyncio.run(received()) == {*SENT, len(SENT)}
