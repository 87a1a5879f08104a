"""The Celery application. Its messages are notifications: losing one costs time, not work."""

from __future__ import annotations

from celery import Celery
from django.conf import settings

app = Celery("paretoscope", broker=settings.BROKER_URL, fixups=[], include=["workers.tasks"])
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_concurrency=1,
    worker_pool="solo",
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    worker_enable_remote_control=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry=True,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # retry for ever: workers poll the database meanwhile
    broker_transport_options={
        "visibility_timeout": 60,  # a task only wakes a loop and returns at once
        "socket_connect_timeout": 2.0,
        "health_check_interval": 10,
    },
)
