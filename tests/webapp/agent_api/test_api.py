"""The HTTP API of agents: who may do what, and what a broken or late agent gets."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from nasengine.core.storage import storage_at
from tests.fixtures.devices import make_device, result, subject
from webapp.devices.models import DeviceToken
from webapp.devices.services import measuring, tokens

pytestmark = pytest.mark.django_db


class Caller:
    """A client with the token of a device."""

    def __init__(self, device):
        self.device = device
        self._client = Client(headers={"Authorization": f"Bearer {tokens.issue(device, None)}"})

    def post(self, path, **values):
        return self._client.post(
            f"/api/agent/{path}", json.dumps(values), content_type="application/json"
        )

    def get(self, path):
        return self._client.get(f"/api/agent/{path}")

    def hello(self, **values):
        return self.post("hello", **{"name": self.device.name, "version": "1", **values})

    def claimed(self):
        answer = self.post("jobs/next")
        assert answer.status_code == 200, answer.content
        return answer.json()


@pytest.fixture(autouse=True)
def place(tmp_path, settings):
    settings.PARETOSCOPE_DEVICE_NETWORKS = tmp_path / "device-networks"
    return storage_at(settings.PARETOSCOPE_DEVICE_NETWORKS)


@pytest.fixture
def agent(team):
    return Caller(make_device(team, "pi4"))


def answer_of(job, **changed):
    return {"fence": job["fence"], "objective": "latency", **result(), **changed}


def is_problem(answer, status):
    document = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, document["status"]) == (status, status)
    assert document["title"] and document["detail"]
    return document


def test_a_device_says_hello_and_is_seen(agent):
    answer = agent.hello(facts={"runtimes": {"onnxruntime": "1.32"}}, temperature_c=41.5)
    assert answer.json() == {"device": "pi4", "lease_seconds": 120.0, "wait_seconds": 10.0}
    agent.device.refresh_from_db()
    assert agent.device.facts["runtimes"] == {"onnxruntime": "1.32"}
    assert (agent.device.temperature_c, agent.device.clock_mhz) == (41.5, None)
    assert agent.device.last_seen is not None
    is_problem(agent.post("hello", name="other", version="1"), 422)


def test_work_is_claimed_downloaded_and_answered(agent, place):
    place.within("a" * 64).put("network.onnx", b"an onnx file")
    measuring.request(
        agent.device,
        measuring.Subject(**{**vars(subject()), "onnx": f"{'a' * 64}/network.onnx"}),
        "latency",
    )
    job = agent.claimed()
    assert (job["objective"], job["batch"], job["input_shape"]) == ("latency", 1, [1, 8, 8])
    assert agent.post("jobs/next").status_code == 204
    file = agent.get(f"jobs/{job['id']}/network?fence={job['fence']}")
    assert file.content == b"an onnx file"
    assert agent.post(f"jobs/{job['id']}/renew", fence=job["fence"]).status_code == 204
    first, second = (agent.post(f"jobs/{job['id']}/result", **answer_of(job)) for _ in range(2))
    assert (first.json(), second.json()) == ({"answer": "accepted"}, {"answer": "repeated"})
    is_problem(agent.post(f"jobs/{job['id']}/renew", fence=job["fence"]), 409)


def test_a_stranger_gets_401_and_another_device_404(agent, other_team):
    measuring.request(agent.device, subject(), "latency")
    job = agent.claimed()
    other = Caller(make_device(other_team, "pi4"))
    assert other.post("jobs/next").status_code == 204
    for path in ("renew", "release"):
        is_problem(other.post(f"jobs/{job['id']}/{path}", fence=job["fence"]), 404)
    is_problem(other.post(f"jobs/{job['id']}/result", **answer_of(job)), 404)
    is_problem(other.post(f"jobs/{job['id']}/failure", fence=job["fence"], reason="no"), 404)
    is_problem(other.get(f"jobs/{job['id']}/network?fence={job['fence']}"), 404)
    DeviceToken.objects.update(revoked_at="2026-01-01T00:00Z")
    answer = agent.post(f"jobs/{job['id']}/result", **answer_of(job))
    assert is_problem(answer, 401)["title"] == "Unauthorized"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_an_agent_that_starts_again_gets_its_work_back(agent):
    measuring.request(agent.device, subject("a"), "latency")
    measuring.request(agent.device, subject("b"), "latency")
    kept, lost = agent.claimed(), agent.claimed()
    agent.hello(kept=[kept["id"]])
    again = agent.claimed()
    assert (again["id"], again["fence"]) == (lost["id"], lost["fence"] + 1)
    assert agent.post(f"jobs/{kept['id']}/result", **answer_of(kept)).status_code == 200
    is_problem(agent.post(f"jobs/{lost['id']}/result", **answer_of(lost)), 409)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"value": "NaN"}, "/value"),
        ({"samples": [1.0] * 1001}, "/samples"),
        ({"method": "tabular"}, "/method"),
        ({"conditions": {"x": "y" * 20_000}}, "/conditions"),
        ({"spread": -1}, "/spread"),
    ],
)
def test_values_that_are_not_allowed_are_named(agent, changed, pointer):
    measuring.request(agent.device, subject(), "latency")
    job = agent.claimed()
    answer = agent.post(f"jobs/{job['id']}/result", **answer_of(job, **changed))
    pointers = [error["pointer"] for error in is_problem(answer, 422)["errors"]]
    assert any(found.endswith(pointer) for found in pointers)
    assert agent.post(f"jobs/{job['id']}/result", **answer_of(job)).status_code == 200


def test_a_missing_file_ends_the_measurement_with_the_reason(agent):
    row = measuring.request(agent.device, subject(), "latency")
    job = agent.claimed()
    is_problem(agent.get(f"jobs/{job['id']}/network?fence={job['fence']}"), 404)
    row.refresh_from_db()
    assert (row.state, row.reason) == ("failed", "its ONNX file is not in the storage any more")
