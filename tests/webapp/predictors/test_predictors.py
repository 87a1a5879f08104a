"""A device in ten measurements: jobs, fits, pages, what a run shows, and who may do what."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import numpy as np
import pytest
from django.db.models.functions import Now
from django.utils import timezone

from nasengine.core.architecture import Architecture
from tests.fixtures.api import Caller
from tests.fixtures.devices import make_device
from tests.fixtures.factories import make_run, make_slot
from tests.fixtures.html_reader import read
from tests.fixtures.predictors import (
    add_candidates,
    choose,
    claim_job,
    fit,
    fitted_predictor,
    flat_description,
    measure_all,
    sorted_as_stored,
)
from webapp.devices.models import (
    Measurement,
    NetworkDescription,
    PredictedCost,
    Predictor,
    PredictorFit,
)
from webapp.devices.predicted import predict_network
from webapp.devices.services import measuring
from webapp.jobs import services as jobs
from webapp.predictors.models import PredictorJob
from webapp.predictors.queries import front_members, groups_of, proposals_of
from webapp.predictors.services import predictor_jobs
from webapp.predictors.services.due import request_due_fits
from webapp.predictors.services.requests import RequestRefused, measure_next, measure_ten
from webapp.runs.models import Run
from webapp.runs.predicted import fits_of, goals_of_fits, sorted_by_fit

pytestmark = pytest.mark.django_db


@pytest.fixture
def device(team):
    return make_device(team, "pi4", last_seen=Now())


@pytest.fixture
def run(team):
    return make_run(team, advance=False, objectives=("error", "params"))


def architectures_of_run(run):
    rows = run.candidates.values_list("proposal__architecture", flat=True)
    return [Architecture.from_json(row) for row in rows]


def form_of(run, *costs):
    (group,) = groups_of(run.team)
    return {"key": group.key, "cost": costs or ("latency",)}


def test_ten_networks_are_measured_and_all_candidates_predicted(
    run, device, researcher, viewer, sign_in
):
    architectures = add_candidates(run, 14)
    client, page = sign_in(researcher), f"/devices/{device.pk}/predictors"
    assert "nb201 on digits" in read(client.get(page)).one("device-predictors").text
    assert "14 candidates in 1 run" in read(client.get(page)).one("device-predictors").text
    assert read(client.get(page)).all(data_testid="measure-ten-form")
    client.post(f"{page}/measure", form_of(run))
    job = PredictorJob.objects.get()
    assert (job.step, job.state, job.requested_by) == ("choose", "queued", researcher)
    assert "waits for a worker" in read(client.get(page)).one("predictor-progress").text

    slot = make_slot()
    claimed = claim_job(slot)
    request = claimed.request()
    assert (request["count"], len(request["architectures"])) == (10, 14)
    assert choose(claimed, architectures[:10])
    assert Measurement.objects.filter(device=device, objective="latency").count() == 10
    assert "0 of 10 measurements ended" in read(client.get(page)).one("predictor-measuring").text

    measure_all(device)
    claimed = claim_job(slot)
    measured = claimed.request()["measured"]["latency"]
    assert measured == {
        architecture.id: 1.0 + n for n, architecture in enumerate(architectures[:10])
    }
    assert fit(claimed, sorted_as_stored(architectures), warnings=("too few",))
    assert PredictedCost.objects.count() == 14
    values = (
        PredictedCost.objects.in_bulk(field_name="architecture_id")
        if False
        else {row.architecture_id: row for row in PredictedCost.objects.all()}
    )
    first, last = values[architectures[0].id], values[architectures[-1].id]
    assert (first.value, first.low, first.high, first.method) == (1.0, 0.9, 1.1, "measured")
    assert last.method == "predicted" and last.high - last.low == pytest.approx(2.0)
    shown = read(sign_in(viewer).get(page))
    assert "9 of 10" in shown.one("fit-latency").text
    assert "Latency: too few." in shown.one("predictor-warning").text
    assert shown.all(data_testid="fit-again") == []


def test_a_job_whose_worker_died_is_done_once(run, device):
    architectures = add_candidates(run, 5)
    measure_ten(device, None, run.spec, ["latency"])
    first = claim_job()
    description = {"operators": [1.0], "costs": {}}
    point = {"step": "x", "share": 0.2, "descriptions": {"k": description}}
    assert predictor_jobs.report(first, point)
    PredictorJob.objects.update(lease_until=Now() - timedelta(seconds=1))
    jobs.reap(PredictorJob)
    second = claim_job()
    assert not predictor_jobs.report(first, point), "its claim was replaced"
    assert not choose(first, architectures)
    assert not Measurement.objects.exists()
    assert choose(second, architectures)
    assert not choose(second, architectures), "the second call changes nothing"
    assert Measurement.objects.count() == 5
    assert NetworkDescription.objects.get().content == description


def test_a_fit_is_requested_once_when_the_last_measurement_has_ended(run, device):
    architectures = add_candidates(run, 6)
    measure_ten(device, None, run.spec, ["latency"])
    choose(claim_job(), architectures[:5])
    request_due_fits()
    assert PredictorJob.objects.filter(step="fit").count() == 0
    measure_all(device)
    request_due_fits()
    job = PredictorJob.objects.get(step="fit")
    fit(claim_job(), sorted_as_stored(architectures))
    request_due_fits()
    assert PredictorJob.objects.filter(step="fit").get() == job, "nothing is new"


def test_it_is_fitted_again_with_more_measurements_and_candidates(team, run, device):
    architectures = add_candidates(run, 14)
    measure_ten(device, None, run.spec, ["latency"])
    choose(claim_job(), architectures[:10])
    measure_all(device)
    fit(claim_job(), sorted_as_stored(architectures))
    predictor = Predictor.objects.get()
    measure_next(predictor, None, [architectures[12].id])
    claimed = claim_job()
    assert claimed.request()["networks"] == [architectures[12].id]
    choose(claimed, [architectures[12]])
    measure_all(device)
    claimed = claim_job()
    assert len(claimed.request()["measured"]["latency"]) == 11
    fit(claimed, sorted_as_stored(architectures))
    assert [f.number for f in PredictorFit.objects.filter(is_current=True)] == [2]
    assert PredictedCost.objects.count() == 14, "values of the older fit are deleted"
    other = make_run(team, advance=False, objectives=("error", "params"))
    more = add_candidates(other, 3, seed=1)
    request_due_fits()
    assert not PredictorJob.objects.filter(state="queued").exists(), "runs may go on"
    PredictorJob.objects.update(created_at=timezone.now() - timedelta(minutes=6))
    request_due_fits()
    assert len(claim_job().request()["architectures"]) == 14 + len(more)


def test_measurements_of_a_run_count_too_and_a_failed_fit_is_not_repeated(run, device):
    architectures = add_candidates(run, 6)
    measure_ten(device, None, run.spec, ["latency"])
    choose(claim_job(), architectures[:5])
    measure_all(device)
    claimed = claim_job()
    claimed.request()
    outcome = {"ids": [], "fits": {"latency": {"reason": "costs must be above 0"}}}
    assert predictor_jobs.finish(claimed, "done", "", outcome)
    job = PredictorJob.objects.get(step="fit")
    assert (job.state, job.reason) == ("failed", "latency: costs must be above 0")
    request_due_fits()
    assert not PredictorJob.objects.filter(state="queued").exists()
    subject = measuring.Subject(
        **{
            **{
                name: getattr(Measurement.objects.first(), name)
                for name in ("architecture", "input_shape", "classes", "onnx_sha256", "onnx_bytes")
            },
            "network": "n" * 64,
            "architecture_id": architectures[5].id,
            "onnx": "x",
        }
    )
    measuring.request(device, subject, "latency")
    measure_all(device)
    PredictorJob.objects.update(created_at=timezone.now() - timedelta(minutes=6))
    request_due_fits()
    assert len(claim_job().request()["measured"]["latency"]) == 6


def test_a_fit_reads_the_other_devices_of_the_team_and_of_no_other(team, run, device, other_team):
    fitted_predictor(device, run)
    foreign = make_device(other_team, "foreign", last_seen=Now())
    theirs = make_run(other_team, advance=False, objectives=("error", "params"))
    fitted_predictor(foreign, theirs)
    few, new = (make_device(team, name, last_seen=Now()) for name in ("few", "new"))
    architectures = sorted_as_stored(architectures_of_run(run))
    for other, count in ((few, 9), (new, 5)):
        measure_ten(other, None, run.spec, ["latency"])
        choose(claim_job(), architectures[:count])
        measure_all(other)
        claimed = claim_job()
        request = claimed.request()
        measured = Measurement.objects.filter(device=device).values_list("architecture_id", "value")
        assert request["others"] == {"latency": {"pi4": dict(measured)}}
        assert len(measured) == 10
        assert fit(claimed, architectures)


def test_a_second_request_and_wrong_costs_are_refused(run, device):
    add_candidates(run, 5)
    with pytest.raises(RequestRefused, match="latency, energy, power, memory"):
        measure_ten(device, None, run.spec, ["throughput"])
    measure_ten(device, None, run.spec, ["latency"])
    with pytest.raises(RequestRefused, match="is open"):
        measure_ten(device, None, run.spec, ["memory"])
    predictor = Predictor.objects.get()
    with pytest.raises(RequestRefused, match="1 to 20 networks"):
        measure_next(predictor, None, [])
    with pytest.raises(RequestRefused, match="is no id of an architecture"):
        measure_next(predictor, None, ["a\0b"])


def test_the_run_page_its_table_and_files_have_the_predicted_costs(run, device, viewer, sign_in):
    fitted_predictor(device, run)
    client, stored = sign_in(viewer), list(run.objectives)
    page = client.get(f"/runs/{run.pk}/").content.decode()
    assert page.count('value="latency@pi4"') == 3, "two axes and the order of the table"
    assert "latency on pi4 (ms), predicted" in page
    values = client.get(f"/runs/{run.pk}/predicted.json").json()["latency@pi4"]
    assert set(values) == {"number", "value", "low", "high", "measured"}
    lines = b"".join(client.get(f"/runs/{run.pk}/candidates.csv").streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(lines)))
    first, last = rows[0], rows[-1]
    tier, ends = "latency@pi4 predicted tier", ("low", "high")
    assert (first[tier], last[tier]) == ("measured", "predicted")
    assert last["latency@pi4 predicted unit"] == "ms"
    assert last["latency@pi4 predicted device"] == "pi4"
    low, high = (float(last[f"latency@pi4 predicted {end}"]) for end in ends)
    assert high - low == pytest.approx(2.0)
    row = client.get(f"/runs/{run.pk}/candidates/13/row.json").json()
    assert row["predicted"]["latency@pi4"]["method"] == "predicted"
    listed = client.get(
        f"/runs/{run.pk}/?sort=latency@pi4",
        headers={"hx-request": "true", "hx-target": "candidate-table"},
    )
    assert read(listed).all("tr", data_testid="candidate-0"), "the fastest network is on the page"
    api = Caller(viewer)
    (one,) = api.get(f"/runs/{run.pk}/candidates", limit=1).json()["items"]
    assert one["predicted"]["latency@pi4"] == {
        **{"value": 1.0, "low": 0.9, "high": 1.1},
        **{"unit": "ms", "device": "pi4", "method": "measured"},
    }
    (fitted,) = api.get(f"/devices/{device.pk}").json()["predictors"]
    assert (fitted["objective"], fitted["measured"]) == ("latency@pi4", 10)
    run.refresh_from_db()
    assert run.objectives == stored


def test_throughput_comes_with_latency_and_is_better_when_higher(run, device, viewer, sign_in):
    predictor = fitted_predictor(device, run, throughput=True)
    client = sign_in(viewer)
    assert read(client.get(f"/devices/{device.pk}/predictors")).one("fit-throughput")
    lines = b"".join(client.get(f"/devices/predictors/{predictor.pk}.csv").streaming_content)
    table = list(csv.DictReader(io.StringIO(lines.decode())))
    values = {(row["architecture_id"], row["objective"]): row for row in table}
    assert len(table) == 28
    for network in {row["architecture_id"] for row in table}:
        latency = values[network, "latency@pi4"]
        found = values[network, "throughput@pi4"]
        assert float(found["value"]) == pytest.approx(1000 / float(latency["value"]))
        assert float(found["low"]) == pytest.approx(1000 / float(latency["high"]))
        assert float(found["high"]) == pytest.approx(1000 / float(latency["low"]))
        assert (found["unit"], found["tier"]) == ("inputs/s", latency["tier"])
    better = {goal["name"]: goal["better"] for goal in goals_of_fits(fits_of(run, []))}
    assert better == {"latency@pi4": "lower", "throughput@pi4": "higher"}
    done = run.candidates.filter(state="done")
    by_cost = {fit.cost: fit for fit in fits_of(run, [])}
    fastest = list(sorted_by_fit(done, by_cost["latency"]))
    assert list(sorted_by_fit(done, by_cost["throughput"])) == fastest
    described = [device, run.spec, "throughput", fastest[0].proposal["architecture"]]
    found = predict_network(*described, flat_description())
    assert (found.unit, found.method) == ("inputs/s", "predicted")
    assert found.value == pytest.approx(1000 / 3)


def test_another_team_sees_and_does_nothing(run, device, other_team, stranger, sign_in):
    predictor = fitted_predictor(device, run)
    other = make_run(other_team, advance=False, objectives=("error", "params"))
    client = sign_in(stranger)
    for address in (f"/devices/{device.pk}/predictors", f"/devices/predictors/{predictor.pk}.csv"):
        assert client.get(address).status_code == 404
    assert client.get(f"/devices/predictors/{predictor.pk}/next").status_code == 404
    assert client.post(f"/devices/{device.pk}/predictors/measure", {"key": "x"}).status_code == 404
    for action in ("fit", "measure", "cancel"):
        assert client.post(f"/devices/predictors/{predictor.pk}/{action}").status_code == 404
    assert "pi4" not in client.get(f"/runs/{other.pk}/").content.decode()
    assert client.get(f"/runs/{other.pk}/predicted.json").json() == {}


def test_a_viewer_reads_and_a_researcher_acts(run, device, viewer, researcher, sign_in):
    predictor = fitted_predictor(device, run)
    address = f"/devices/predictors/{predictor.pk}"
    client = sign_in(viewer)
    assert client.post(f"{address}/fit").status_code == 403
    assert client.post(f"/devices/{device.pk}/predictors/measure", {}).status_code == 403
    assert read(client.get(f"{address}/next")).all(data_testid="measure-next") == []
    lines = b"".join(client.get(f"{address}.csv").streaming_content).decode()
    table = list(csv.DictReader(io.StringIO(lines)))
    assert len(table) == 14
    assert {row["tier"] for row in table} == {"measured", "predicted"}
    client = sign_in(researcher)
    rows = proposals_of(predictor).rows
    shown = read(client.get(f"{address}/next"))
    assert shown.one("measure-next").text == f"Measure these {len(rows)} and fit again"
    client.post(f"{address}/measure", {"network": [row.network for row in rows]})
    job = PredictorJob.objects.get(step="measure")
    assert job.networks == [row.network for row in rows]
    client.post(f"{address}/cancel")
    job.refresh_from_db()
    assert (job.state, job.reason) == ("cancelled", f"cancelled by {researcher.username}")
    client.post(f"{address}/fit")
    assert PredictorJob.objects.filter(step="fit", state="queued").count() == 1
    assert client.post(f"{address}/delete").status_code == 404


def test_queries_do_not_grow_with_spaces_and_runs(team, run, device, viewer, sign_in, queries_of):
    predictor = fitted_predictor(device, run)
    client = sign_in(viewer)
    addresses = [
        f"/devices/{device.pk}/predictors",
        f"/devices/predictors/{predictor.pk}/next",
        f"/runs/{run.pk}/",
    ]
    before = [queries_of(lambda a=a: client.get(a)) for a in addresses]
    for seed in (1, 2):
        add_candidates(make_run(team, advance=False, objectives=("error", "params")), 3, seed)
        other = make_run(
            team, advance=False, objectives=("error", "params"), space_config={"channels": 8 + seed}
        )
        add_candidates(other, 3)
    assert [queries_of(lambda a=a: client.get(a)) for a in addresses] == before


def test_who_may_be_on_the_front():
    error = np.array([1.0, 2.0, 3.0, 4.0])
    value = np.array([9.0, 5.0, 5.5, 8.0])
    front, possible = front_members(error, value, value - 1, value + 1)
    assert front.tolist() == [True, True, False, False]
    assert possible.tolist() == [True, True, True, False], "the last one costs more in any case"


def test_settings_in_which_spaces_differ_are_listed_in_words(team):
    for operations in (["none", "skip_connect"], ["none", "nor_conv_1x1"]):
        run = make_run(team, advance=False, space_config={"operations": operations})
        Run.objects.filter(pk=run.pk).update(told=1)
    assert sorted(group.settings for group in groups_of(team)) == [
        "operations none, nor_conv_1x1",
        "operations none, skip_connect",
    ]
