"""Pages of devices: adding one, the token that is shown once, revoking, the fleet page, CSV."""

from __future__ import annotations

import csv
import io

import pytest
from django.db.models.functions import Now

from tests.fixtures.devices import make_device, result, subject
from tests.fixtures.html_reader import read
from webapp.devices.models import Device
from webapp.devices.services import measuring, tokens

pytestmark = pytest.mark.django_db
FORM = {"name": "pi4", "kind": "board", "when_away": "wait", "profile": "", "description": "desk"}


def test_a_device_is_added_and_its_token_shown_once(team, researcher, sign_in):
    client = sign_in(researcher)
    page = read(client.post("/devices/new", FORM, follow=True))
    token = page.one("token").text
    device = Device.objects.get()
    assert (device.team, device.name, device.created_by) == (team, "pi4", researcher)
    assert tokens.device_of(token) == device
    command = page.one("agent-command").text
    assert f"--name pi4 --server http://testserver --token {token} --insecure" in command
    again = client.get(f"/devices/{device.pk}/new-token", follow=True)
    assert again.redirect_chain == [(f"/devices/{device.pk}/", 302)]
    shown = again.content.decode()
    assert token not in shown and token[-4:] in shown
    assert "No agent yet" in shown


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": "cpu"}, "cpu is a device of the engine"),
        ({"name": "titan_x"}, "titan_x is a device of the engine"),
        ({"name": "mine"}, "Vision has a device mine: choose another name"),
        (
            {"name": "a b"},
            "hyphens and underscores (got &#x27;a b&#x27;): choose a name such as pi4",
        ),
        ({"name": "x" * 33}, "at most 32 characters"),
        ({"when_away": "model"}, "is needed for modelled values: choose one"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(team, researcher, sign_in, changed, message):
    make_device(team, "mine")
    answer = sign_in(researcher).post("/devices/new", {**FORM, **changed})
    assert message in answer.content.decode()
    assert Device.objects.count() == 1


def test_a_token_is_revoked_on_the_page(team, researcher, sign_in):
    device = make_device(team, "pi4")
    text = tokens.issue(device, researcher)
    key = device.tokens.get().pk
    client = sign_in(researcher)
    client.post(f"/devices/{device.pk}/revoke", {"token": key})
    assert tokens.device_of(text) is None
    assert "revoked" in read(client.get(f"/devices/{device.pk}/")).one("device-tokens").text
    other = tokens.issue(make_device(team, "other"), researcher)
    assert client.post(f"/devices/{device.pk}/revoke", {"token": key + 1}).status_code == 404
    assert tokens.device_of(other) is not None


def test_measurements_are_shown_with_tier_spread_and_samples(team, viewer, sign_in):
    device = make_device(team, "pi4", last_seen=Now(), temperature_c=51.0)
    measuring.request(device, subject("a"), "latency")
    held = measuring.claim(device)
    measuring.finish(held, held.fence, result(layers=["Resize (CPU)"]))
    measuring.request(device, subject("b"), "energy")
    client = sign_in(viewer)
    page = read(client.get(f"/devices/{device.pk}/"))
    row = page.one(f"measurement-{held.pk}").text
    for text in ("latency", "2.00 ms", "1.90", "2.10", "Measured", "onnxruntime 1.32.0"):
        assert text in row, row
    assert "1 layers fell back" in row
    assert "energy" in page.one("device-queue").text
    assert "pi4" in page.one("device-name").text
    fleet = read(client.get("/fleet/")).one("fleet-device-pi4").text
    assert "Healthy" in fleet and "51" in fleet
    answer = client.get(f"/devices/{device.pk}/measurements.csv")
    lines = b"".join(answer.streaming_content).decode()
    first, second = csv.DictReader(io.StringIO(lines))
    assert (first["value"], first["unit"], first["method"]) == ("2.0", "ms", "measured")
    assert (first["samples"], first["spread"]) == ("1.9 2 2.1", "0.05")
    assert (second["objective"], second["state"], second["value"]) == ("energy", "queued", "")


def test_the_launch_form_offers_the_costs_of_the_team_s_devices(
    team, other_team, researcher, sign_in
):
    make_device(team, "pi4")
    make_device(other_team, "theirs")
    page = sign_in(researcher).get("/runs/new").content.decode()
    for kind in ("latency", "throughput", "energy", "power", "memory"):
        assert f'value="{kind}@pi4"' in page
    assert "theirs" not in page


def test_queries_do_not_grow_with_devices_and_measurements(team, viewer, sign_in, queries_of):
    client, device = sign_in(viewer), make_device(team)
    measuring.request(device, subject("a"), "latency")
    addresses = ["/devices/", f"/devices/{device.pk}/", "/fleet/"]
    before = [queries_of(lambda a=a: client.get(a)) for a in addresses]
    for key in "bc":
        measuring.request(make_device(team), subject(key), "latency")
        measuring.request(device, subject(key), "latency")
    assert [queries_of(lambda a=a: client.get(a)) for a in addresses] == before
