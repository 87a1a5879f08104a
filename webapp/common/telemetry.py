"""Traces and metrics by OpenTelemetry, only if OTEL_EXPORTER_OTLP_ENDPOINT is set.

Without the setting no exporter and no instrumentation is imported. Its own variables, such as
OTEL_SERVICE_NAME and OTEL_EXPORTER_OTLP_HEADERS, apply. See docs/operation.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram
    from opentelemetry.trace import Tracer

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
NAME = "paretoscope"
NOT_INSTALLED = (
    f"{ENDPOINT} is set, but OpenTelemetry is not installed: run "
    "`pip install -r requirements-telemetry.in`, or unset it"
)
Lengths = Callable[[], Mapping[str, int]]


@dataclass(frozen=True)
class Instruments:
    """Instruments with which the process records."""

    tracer: Tracer
    waited: Histogram
    took: Histogram
    ended: Counter


_instruments: Instruments | None = None


def is_on() -> bool:
    """Return whether this process records."""
    return _instruments is not None


def start(service: str, queue_lengths: Lengths | None = None) -> None:
    """Start recording, if the setting asks for it: requests, Celery tasks, queries and work.

    Args:
        service: name of the process, unless OTEL_SERVICE_NAME is set.
        queue_lengths: returns how much work waits by queue; called before each export. One
            kind of process is enough.

    Raises:
        ImproperlyConfigured: the packages are not installed.
    """
    global _instruments  # noqa: PLW0603  once for the process
    if is_on() or not os.environ.get(ENDPOINT):
        return
    try:
        from opentelemetry import metrics, trace
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.celery import CeleryInstrumentor
        from opentelemetry.instrumentation.django import DjangoInstrumentor
        from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ImproperlyConfigured(NOT_INSTALLED) from error
    name = os.environ.get("OTEL_SERVICE_NAME") or service
    resource = Resource.create({SERVICE_NAME: name})
    traces = TracerProvider(resource=resource)
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(traces)
    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    metrics.set_meter_provider(MeterProvider(resource=resource, metric_readers=[reader]))
    for instrumentor in (DjangoInstrumentor, CeleryInstrumentor, PsycopgInstrumentor):
        instrumentor().instrument()
    meter = metrics.get_meter(NAME)
    if queue_lengths is not None:
        _observe(queue_lengths)
    _instruments = Instruments(
        trace.get_tracer(NAME),
        meter.create_histogram(f"{NAME}.work.waited", "s", "Time from queue to claim."),
        meter.create_histogram(f"{NAME}.work.duration", "s", "Time from claim to finish."),
        meter.create_counter(f"{NAME}.work.ended", "1", "Candidates and jobs that ended."),
    )


def _observe(queue_lengths: Lengths) -> None:
    from opentelemetry.metrics import CallbackOptions, Observation, get_meter

    def observe(options: CallbackOptions) -> list[Observation]:
        return [Observation(n, {"queue": queue}) for queue, n in queue_lengths().items()]

    name, about = f"{NAME}.queue.length", "Work that waits."
    get_meter(NAME).create_observable_gauge(name, [observe], "1", about)


def record_work(
    kind: str, state: str, queue: str, queued_at: datetime, started_at: datetime | None
) -> None:
    """Record work that ends now: a span from claim to finish, times, a count.

    Args:
        kind: "candidate", or the name of the table of jobs, as "training".
        state: how it ended.
        queue: its queue.
        queued_at: when it was queued.
        started_at: when it was claimed.
    """
    if _instruments is None or started_at is None:
        return
    now = timezone.now()
    facts = {"kind": kind, "state": state, "queue": queue}
    span = _instruments.tracer.start_span(kind, start_time=_nanoseconds(started_at))
    span.set_attributes({f"{NAME}.{name}": value for name, value in facts.items()})
    span.end(_nanoseconds(now))
    _instruments.waited.record(max(0.0, (started_at - queued_at).total_seconds()), facts)
    _instruments.took.record(max(0.0, (now - started_at).total_seconds()), facts)
    _instruments.ended.add(1, facts)


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1e9)


def flush() -> None:
    """Send what was recorded so far."""
    if not is_on():
        return
    from opentelemetry import metrics, trace

    for provider in (trace.get_tracer_provider(), metrics.get_meter_provider()):
        getattr(provider, "force_flush")()  # noqa: B009  the SDK's providers have it
