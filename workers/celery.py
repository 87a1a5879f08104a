"""The Celery application of the workers: `celery -A workers worker -Q cpu --concurrency 1`.

Messages only announce: what is to be done is in the database, and a task claims it there. They are
acknowledged at once, and may be lost, doubled or late.
"""

from __future__ import annotations

import os
import sys
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"  # not that of another project

from celery import Celery, signals
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from kombu.transport.redis import Channel

from webapp.common import telemetry
from webapp.common.messages import SWEEP
from webapp.common.queue_names import COORDINATOR_QUEUE, DEFAULT_QUEUE

EVENT_HEARTBEAT_SECONDS = 20.0  # of Celery's own events, which Flower reads


def _broker_url() -> str:
    try:
        return str(settings.BROKER_URL)
    except ImproperlyConfigured as error:
        print(f"paretoscope: {error}", file=sys.stderr)
        sys.exit(2)


# A message only announces, so none is restored when its connection closes: kombu fails over that
# once the connection is lost (AttributeError), which would end the worker.
Channel.do_restore = False

app = Celery("paretoscope", broker=_broker_url(), fixups=[], include=["workers.tasks"])
app.Task.Request = "workers.task_request:TaskRequest"
app.steps["worker"].add("workers.steps:WorkerStep")
app.conf.update(
    task_ignore_result=True,
    task_acks_late=False,
    task_default_queue=DEFAULT_QUEUE,
    worker_pool="workers.pool:SlotPool",
    worker_concurrency=1,
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,  # a busy worker takes no announcement from an idle one
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_send_task_events=True,
    worker_enable_remote_control=True,
    # Trainings go on: only tasks that are acknowledged late are cancelled, and there are none.
    worker_cancel_long_running_tasks_on_connection_loss=True,
    broker_connection_retry=True,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # retry for ever: trainings go on meanwhile
    broker_transport_options={
        "socket_timeout": 5.0,
        "socket_connect_timeout": 2.0,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "ack_emulation": False,  # no copies of messages until they are acknowledged
    },
    beat_scheduler="workers.beat:SweepScheduler",
    beat_schedule={
        "sweep": {
            "task": SWEEP,
            "schedule": settings.SWEEP_SECONDS,
            "options": {"queue": COORDINATOR_QUEUE, "expires": settings.SWEEP_SECONDS},
        }
    },
)


@signals.import_modules.connect(weak=False)
def set_up_django(**_: Any) -> None:
    """Set Django up before the tasks are imported, and record if the settings ask for it."""
    import django

    django.setup()
    telemetry.start("paretoscope-worker")


@signals.setup_logging.connect(weak=False)
def set_up_logging(loglevel: int | None = None, **_: Any) -> None:
    """Log to standard error, as every process of the workbench does."""
    from .logs import set_up

    set_up(loglevel)


@signals.worker_init.connect(weak=False)
def set_up_worker(sender: Any, **_: Any) -> None:
    """Give a worker our pool, and no services that wake it for the events of all others."""
    from .pool import SlotPool

    sender.pool_cls = SlotPool
    sender.options.update(
        without_gossip=True, without_mingle=True, heartbeat_interval=EVENT_HEARTBEAT_SECONDS
    )
