"""OpenTelemetry: off without the setting; with it a collector receives spans and metrics."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import connection
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.conftest import POSTGRES, ROOT, VALKEY
from webapp.start.servers import environment_of

WORK = """
import sys
from datetime import timedelta
import webapp.asgi
from webapp.common import telemetry
from django.test import Client
from django.utils import timezone
for address in ("/healthz", "/sign-in/"):
    assert Client(SERVER_NAME="127.0.0.1").get(address).status_code == 200
now = timezone.now()
start = now - timedelta(seconds=3)
telemetry.record_work("candidate", "done", "cpu", start - timedelta(seconds=2), start)
telemetry.flush()
parts = ("opentelemetry.exporter", "opentelemetry.instrumentation")
print(any(name.startswith(parts) for name in sys.modules))
rare = ("celery", "cryptography.fernet", "fido2", "moocore", "ninja", "requests", "unfold.admin")
print(*(name for name in rare if name in sys.modules))
"""


class Collector(ThreadingHTTPServer):
    """Keeps the bodies of the requests by path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: dict[str, list[bytes]] = {}


class Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.setdefault(self.path, []).append(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the output of the tests clean."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def worked(**setting: str) -> str:
    environment = environment_of(
        DATABASE_URL=POSTGRES.address(connection.settings_dict["NAME"]),
        BROKER_URL=VALKEY.url,
        OTEL_EXPORTER_OTLP_COMPRESSION="none",
        **setting,
    )
    command = [sys.executable, "-c", WORK]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.django_db(transaction=True)
def test_a_collector_receives_spans_and_metrics(collector):
    assert worked(
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.server_port}"
    ).startswith("True")
    spans = [
        span
        for body in collector.bodies["/v1/traces"]
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    (candidate,) = [span for span in spans if span.name == "candidate"]
    seconds = (candidate.end_time_unix_nano - candidate.start_time_unix_nano) / 1e9
    assert 3 <= seconds < 30
    values = {a.key: a.value.string_value for a in candidate.attributes}
    assert values["paretoscope.state"] == "done" and values["paretoscope.queue"] == "cpu"
    names = {span.name for span in spans}
    assert any("healthz" in name for name in names) and "SELECT" in names
    metrics = {
        metric.name: metric
        for body in collector.bodies["/v1/metrics"]
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert metrics["paretoscope.work.ended"].sum.data_points[0].as_int == 1
    assert metrics["paretoscope.work.waited"].histogram.data_points[0].sum == pytest.approx(2)


@pytest.mark.django_db(transaction=True)
def test_nothing_of_it_and_no_module_of_rare_pages_is_loaded_without_the_setting():
    assert worked().splitlines() == ["False", ""]
