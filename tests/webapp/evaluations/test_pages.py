"""Pages of evaluations: the form, the list by protocol, one evaluation, downloads, roles."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
from django.test import Client

from tests.fixtures.evaluations import (
    finish_trainings,
    make_evaluation,
    take_training,
)
from tests.fixtures.factories import make_run, make_slot, work_off
from tests.fixtures.html_reader import embedded, errors_of, read
from webapp.evaluations.models import Evaluation, Training
from webapp.evaluations.queries import evaluations_of, same_protocol
from webapp.evaluations.services import training_jobs
from webapp.runs.services.claims import claim

pytestmark = pytest.mark.django_db
TYPED = {
    "protocol": "quick",
    "dataset": "digits",
    "dataset_config.limit": "200",
    "settings.epochs": "2",
    "seeds": "0, 5",
    "cells": "2",
    "channels": "",
    "queue": "cpu",
    "priority": "0",
}


@pytest.fixture
def candidate(team):
    run = make_run(team, candidates=1)
    work_off(run)
    return run.candidates.get()


@pytest.fixture
def new(candidate) -> str:
    return f"/evaluations/new?run={candidate.run_id}&candidate=0"


def test_the_form_launches_one_training_per_seed(new, candidate, researcher, sign_in):
    answer = sign_in(researcher).post(new, TYPED)
    evaluation = Evaluation.objects.get()
    assert answer["Location"] == f"/evaluations/{evaluation.pk}/"
    assert evaluation.protocol_name == "quick (epochs 2)"
    assert evaluation.protocol["settings"]["epochs"] == 2
    assert evaluation.size == "2 cells, 16 channels"
    assert evaluation.dataset_config["limit"] == 200
    assert (evaluation.candidate, evaluation.requested_by) == (candidate, researcher)
    assert list(evaluation.trainings.values_list("seed", "queue", "state")) == [
        (0, "cpu", "queued"),
        (5, "cpu", "queued"),
    ]


def test_the_form_starts_with_the_protocol_and_what_it_costs(new, researcher, sign_in):
    page = read(sign_in(researcher).get(new))
    assert page.one("field-settings-epochs").attributes["value"] == "10"
    assert "3 trainings of 10 epochs" in page.one("evaluation-cost").text
    assert "no network of this size was trained" in page.one("evaluation-cost").text


def test_the_expected_time_is_that_of_earlier_trainings(new, team, researcher, sign_in):
    finish_trainings(make_evaluation(team, seeds=(0,)), [5.0])  # two epochs in four seconds
    page = read(sign_in(researcher).get(new))
    words = page.one("evaluation-cost").text
    assert "about 20 s each, 1 min 00 s on one worker (from 1 earlier training" in words


def test_the_expected_time_is_that_of_measured_epochs(new, candidate, researcher, sign_in):
    curve = [{"epoch": 1, "seconds": 0.5}, {"epoch": 2, "seconds": 0.7}]
    candidate.seconds, candidate.epochs, candidate.curve = 30.8, 2, curve  # with a worker's start
    candidate.save()
    words = read(sign_in(researcher).get(new)).one("evaluation-cost").text
    assert "about 6 s each" in words


def test_an_open_page_keeps_the_cards_next_to_the_result_up_to_date(team, researcher, sign_in):
    evaluation = finish_trainings(make_evaluation(team, researcher, seeds=(0, 1)), [4.0])
    answer = sign_in(researcher).get(f"/evaluations/{evaluation.pk}/", HTTP_HX_REQUEST="true")
    page = read(answer)
    (card,) = page.all("section", id="same-protocol-card", hx_swap_oob="true")
    (data,) = page.all("span", id="evaluation-data", hx_swap_oob="true")
    (code,) = page.all("span", id="evaluation-code", hx_swap_oob="true")
    assert "4.00 %" in card.text and "d" * 12 in data.text and code.text == "0.1.0+abc"


@pytest.mark.parametrize(
    ("changed", "path", "text"),
    [
        ({"protocol": "slow"}, "protocol", "'slow' is not among the protocols"),
        ({"settings.epochs": "0"}, "settings.epochs", "must be at least 1"),
        ({"settings.learning_rate": "x"}, "settings.learning_rate", "number"),
        ({"dataset": "pydoc-text"}, "dataset", "is text"),
        ({"dataset_config.limit": "-4"}, "dataset_config.limit", "must be at least"),
        ({"seeds": "0, two"}, "seeds", "must be whole numbers"),
        ({"seeds": "0-400"}, "seeds", "must be at most 20 seeds"),
        ({"seeds": "1 1"}, "seeds", "must be different"),
        ({"cells": "-1"}, "cells", "must be a whole number above 0"),
        ({"cells": "99999"}, "cells", "cells"),
        ({"queue": "a b"}, "queue", "is no name of a queue"),
        ({"priority": "7"}, "priority", "must be one of"),
    ],
)
def test_a_wrong_setting_has_its_message_next_to_its_field(
    changed, path, text, new, researcher, sign_in
):
    answer = sign_in(researcher).post(new, {**TYPED, **changed})
    assert answer.status_code == 200
    assert text in errors_of(read(answer))[path]
    assert not Evaluation.objects.exists()


def test_a_supernet_step_or_an_unknown_candidate_is_not_found(candidate, researcher, sign_in):
    client = sign_in(researcher)
    run = candidate.run_id
    for address in (f"run={run}&candidate=9", "network=none", "entry=5", "run=x&candidate=0"):
        assert client.get(f"/evaluations/new?{address}").status_code == 404, address


def test_published_networks_are_offered_and_launched(researcher, sign_in):
    client = sign_in(researcher)
    page = read(client.get("/evaluations/new"))
    assert page.one("network-DARTS_V2").attributes["href"] == "?network=DARTS_V2"
    client.post("/evaluations/new?network=DARTS_V2", {**TYPED, "channels": "4"})
    evaluation = Evaluation.objects.get()
    assert (evaluation.title, evaluation.source["kind"]) == ("DARTS_V2", "network")
    page = read(client.get(f"/evaluations/{evaluation.pk}/"))
    assert page.one("evaluation-source").text == "published network DARTS_V2"


def test_a_recurrent_network_is_trained_on_text(researcher, sign_in):
    page = read(sign_in(researcher).get("/evaluations/new?network=ENAS_RNN"))
    names = [option.attributes.get("value") for option in page.all("option")]
    assert "darts-ptb" in names and "darts-cifar10" not in names
    assert "pydoc-text" in names and "digits" not in names


@pytest.fixture
def two_protocols(team, researcher):
    """Three evaluations under one protocol, one under another."""
    run = make_run(team, candidates=1)
    work_off(run)
    first = finish_trainings(make_evaluation(team, researcher, run, seeds=(0, 1)), [5.0, 7.0])
    second = finish_trainings(make_evaluation(team, researcher, run, seeds=(0,)), [4.0])
    waiting = make_evaluation(team, None, run)
    other = finish_trainings(
        make_evaluation(team, researcher, run, seeds=(0,), changes={"epochs": 3}), [1.0]
    )
    return first, second, waiting, other


def names_in(part) -> list[str]:
    """The rows of evaluations below, in their order."""
    rows = part.all("tr")
    return [r.attributes["data-testid"] for r in rows if "data-testid" in r.attributes]


def test_every_protocol_has_a_table_of_its_own(two_protocols, viewer, sign_in):
    first, second, waiting, other = two_protocols
    page = read(sign_in(viewer).get("/evaluations/?sort=figure"))
    shown = [
        [
            row.attributes["data-testid"]
            for row in group.all("tr")
            if "data-testid" in row.attributes
        ]
        for group in page.all(data_testid="protocol-group")
    ]
    rows = [[f"evaluation-{e.pk}" for e in group] for group in ([other], [second, first, waiting])]
    assert shown == rows, "the lowest error of another protocol is not first in a common table"
    assert "quick (epochs 3) on digits" in page.all(data_testid="protocol-group")[0].text


def test_files_have_no_list_and_no_column_with_figures_of_two_protocols(
    two_protocols, viewer, sign_in
):
    first, second, waiting, other = two_protocols
    client = sign_in(viewer)
    protocols = client.get("/evaluations/results.json").json()["protocols"]
    assert [[row["evaluation"] for row in p["evaluations"]] for p in protocols] == [
        [second.pk, first.pk, waiting.pk],
        [other.pk],
    ]
    assert [p["protocol"] for p in protocols] == ["quick", "quick (epochs 3)"]
    text = client.get("/evaluations/results.csv").content.decode()
    head, *rows = csv.reader(io.StringIO(text))
    assert head[5::2] == [
        "test error (%): quick on digits",
        "test error (%): quick (epochs 3) on digits",
    ]
    by_key = {int(row[0]): row[5:] for row in rows}
    assert by_key[first.pk] == ["6.0", str(2**0.5), "", ""]
    assert by_key[other.pk] == ["", "", "1.0", ""]
    for place in (0, 2):
        filled = {key for key, row in by_key.items() if row[place]}
        keys = Evaluation.objects.filter(pk__in=filled).values_list("protocol_key", flat=True)
        assert len(set(keys)) == 1


def test_the_evaluations_of_an_architecture_are_grouped_by_protocol(
    two_protocols, team, other_team, django_assert_num_queries
):
    first, second, _, _ = two_protocols
    with django_assert_num_queries(2):
        found = evaluations_of(team, [first.canonical_id, "unknown"])
    assert found["unknown"] == []
    newest, older = found[first.canonical_id]
    assert (newest.group.protocol, newest.main.mean) == ("quick (epochs 3)", 1.0)
    assert (older.main.values, older.main.mean) == ({0: 4.0, 1: 7.0}, 5.5), "seed 0 counts once"
    assert evaluations_of(other_team, [first.canonical_id]) == {first.canonical_id: []}
    assert [e.pk for e in same_protocol(team, first.protocol_key)] == [second.pk, first.pk]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("state=queued", [2]),
        ("state=done", [0, 1, 3]),
        ("protocol=quick", [0, 1, 2]),
        ("dataset=digits&person=rosa", [0, 1, 3]),
        ("text=nothing", []),
    ],
)
def test_filters(query, kept, two_protocols, viewer, sign_in):
    page = read(sign_in(viewer).get(f"/evaluations/?{query}"))
    shown = {
        row.attributes["data-testid"] for row in page.all("tr") if "data-testid" in row.attributes
    }
    assert shown == {f"evaluation-{two_protocols[place].pk}" for place in kept}


def test_one_evaluation_shows_its_protocol_mean_spread_and_seeds(team, researcher, sign_in):
    evaluation = finish_trainings(make_evaluation(team, researcher), [4.0, 6.0])
    client = sign_in(researcher)
    page = read(client.get(f"/evaluations/{evaluation.pk}/"))
    figures = page.one("figures").text
    assert "Figure under quick" in figures and "5.00 % (± 1.41)" in figures
    assert figures.count("%") == 2  # of the mean and the lowest value
    labels = [cell.attributes.get("data-label") for cell in page.one("figures").all("td")]
    assert labels[:3] == ["Mean (± standard deviation)", "Lowest", "Seeds"]  # of a card on phones
    assert [page.one(f"seed-{seed}").attributes["data-state"] for seed in (0, 1, 2)] == [
        "done",
        "done",
        "queued",
    ]
    curves = embedded(page, "evaluation-curves")
    assert [seed["train_loss"] for seed in curves["seeds"]] == [[1.0, 0.5], [1.0, 0.5]]
    assert page.one("protocol-values").text.count("epochs") >= 1
    part = client.get(f"/evaluations/{evaluation.pk}/", headers={"HX-Request": "true"})
    assert "every 3s" in part.content.decode() and "<html" not in part.content.decode()


def test_an_ended_evaluation_is_not_polled(team, researcher, sign_in):
    evaluation = finish_trainings(make_evaluation(team, seeds=(0,)), [4.0])
    page = sign_in(researcher).get(f"/evaluations/{evaluation.pk}/").content.decode()
    assert "every 3s" not in page


def test_seeds_are_cancelled_and_trained_again_from_the_page(team, researcher, sign_in):
    evaluation = make_evaluation(team, researcher, seeds=(0, 1))
    client, page = sign_in(researcher), f"/evaluations/{evaluation.pk}/"
    client.post(f"{page}seeds/1/cancel")
    assert list(evaluation.trainings.values_list("state", flat=True)) == ["queued", "cancelled"]
    assert "cancelled by rosa" in client.get(page).content.decode()
    client.post(f"{page}seeds/1/retry")
    client.post(f"{page}cancel")
    assert set(evaluation.trainings.values_list("state", flat=True)) == {"cancelled"}
    client.post(f"{page}retry")
    assert set(evaluation.trainings.values_list("state", flat=True)) == {"queued"}
    answer = client.post(f"{page}delete", follow=True)
    assert "cancel them first" in answer.content.decode()
    client.post(f"{page}cancel")
    client.post(f"{page}delete")
    assert not Evaluation.objects.exists()
    assert client.post(f"{page}cancel").status_code == 404


def test_a_queue_without_workers_is_named(team, researcher, sign_in):
    evaluation = make_evaluation(team, queue="cuda")
    client = sign_in(researcher)
    assert "serves queue cuda" in read(client.get(f"/evaluations/{evaluation.pk}/")).text
    make_slot(queues=("cuda",))
    assert "serves queue cuda" not in read(client.get(f"/evaluations/{evaluation.pk}/")).text


def body_of(answer) -> bytes:
    return b"".join(list(answer))


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous")
def test_weights_are_downloaded_as_a_zip_archive_by_members_only(team, viewer, stranger, sign_in):
    evaluation = finish_trainings(make_evaluation(team, seeds=(3, 4)), [5.0])
    address = f"/evaluations/{evaluation.pk}/seeds/3/network.zip"
    answer = sign_in(viewer).get(address)
    name = f"network-{evaluation.pk}-seed-3"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}.zip"'
    with zipfile.ZipFile(io.BytesIO(body_of(answer))) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read(f"{name}/network.json")) == {"kind": "network"}
        assert archive.read(f"{name}/weights.safetensors") == b"9 bytes.."
    assert sign_in(stranger).get(address).status_code == 404
    assert Client().get(address)["Location"].startswith("/sign-in/")
    untrained = sign_in(viewer).get(address.replace("seeds/3", "seeds/4"), follow=True)
    assert "not trained yet" in untrained.content.decode()
    assert sign_in(viewer).get(address.replace("seeds/3", "seeds/9")).status_code == 404


def test_a_folder_name_in_the_database_cannot_lead_out_of_the_folder(team, viewer, sign_in):
    evaluation = finish_trainings(make_evaluation(team, seeds=(3,)), [5.0])
    training = Training.objects.get()
    training.network = {**training.network, "folder": "../../../../etc"}
    training.save()
    answer = sign_in(viewer).get(f"/evaluations/{evaluation.pk}/seeds/3/network.zip")
    assert answer.status_code == 302


def test_a_candidate_has_the_button(candidate, researcher, viewer, sign_in):
    page = f"/runs/{candidate.run_id}/candidates/0/"
    button = read(sign_in(researcher).get(page)).one("train-fully")
    assert button.attributes["href"] == f"/evaluations/new?run={candidate.run_id}&candidate=0"
    assert read(sign_in(viewer).get(page)).all(data_testid="train-fully") == []


def test_an_entry_shows_evaluations_and_has_the_button(team, researcher, make_entry, sign_in):
    entry = make_entry(team, researcher)
    client = sign_in(researcher)
    page = read(client.get(f"/architectures/{entry.pk}/"))
    assert page.one("evaluate").attributes["href"] == f"/evaluations/new?entry={entry.pk}"
    client.post(f"/evaluations/new?entry={entry.pk}", TYPED)
    evaluation = finish_trainings(Evaluation.objects.get(), [4.0, 6.0])
    assert evaluation.canonical_id == entry.canonical_id
    shown = read(client.get(f"/architectures/{entry.pk}/"))
    assert "quick (epochs 2) on digits (limit 200)" in shown.one("entry-evaluations").text
    assert "5.00 % (± 1.41)" in shown.one("entry-evaluations").text
    detail = read(client.get(f"/evaluations/{evaluation.pk}/"))
    assert f"catalogue entry {entry.name}" in detail.one("evaluation-source").text


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(
    team, researcher, sign_in, queries_of
):
    client = sign_in(researcher)
    run = make_run(team, candidates=1)
    work_off(run)
    one = finish_trainings(make_evaluation(team, researcher, run, seeds=(0, 1)), [5.0])
    addresses = ("/evaluations/", "/evaluations/results.json", f"/evaluations/{one.pk}/")
    for address in addresses:
        client.get(address)
    before = [queries_of(lambda a=address: client.get(a)) for address in addresses]
    finish_trainings(make_evaluation(team, researcher, run), [5.0, 6.0])
    finish_trainings(make_evaluation(team, None, run, changes={"epochs": 3}), [5.0])
    Training.objects.bulk_create(Training(evaluation=one, seed=seed) for seed in (7, 8))
    after = [queries_of(lambda a=address: client.get(a)) for address in addresses]
    assert after == before


def test_a_running_seed_shows_its_epoch(team, researcher, sign_in):
    evaluation = make_evaluation(team, seeds=(0,))
    training_jobs.report(take_training(), {"epoch": 3, "epochs": 10, "train_loss": 1.0})
    assert claim(make_slot(), ["cpu"]) is None
    row = read(sign_in(researcher).get(f"/evaluations/{evaluation.pk}/")).one("seed-0")
    assert "epoch 3 of 10" in row.text
