"""The YAML text and the presets of a team on the launch form."""

from __future__ import annotations

import pytest

from tests.fixtures.html_reader import read, value_of
from webapp.runs.models import Run, TeamPreset

pytestmark = pytest.mark.django_db
NEW = "/runs/new"
TEXT = (
    "name: from text\nspace: nb201\nstrategy: random\ncandidates: 3\nobjectives: [error, params]\n"
)


@pytest.fixture
def client(researcher, sign_in):
    return sign_in(researcher)


def text_in(page) -> str:
    return value_of(page, "yaml")


def test_the_form_is_sent_as_text_and_the_text_launches(client):
    answer = client.post(f"{NEW}/yaml", {"name": "typed", "candidates": "many", "space": "nb201"})
    assert "name: typed" in answer.content.decode()
    assert "candidates: many" in answer.content.decode()
    shown = read(client.post(NEW, {"source": "yaml", "step": "apply", "yaml": TEXT}))
    assert (value_of(shown, "name"), value_of(shown, "candidates")) == ("from text", "3")
    assert not Run.objects.exists()
    client.post(NEW, {"source": "yaml", "yaml": TEXT})
    assert Run.objects.get().spec["candidates"] == 3


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (TEXT + "sead: 3\n", "line 6: &#x27;sead&#x27; is no setting"),
        (TEXT + "space_config: {depth: 1}\n", "line 6: nb201 has no setting"),
        (TEXT + "seed: -5\n", "line 6: seed: must be"),
    ],
)
def test_a_fault_keeps_text_and_form(client, text, fault):
    answer = client.post(NEW, {"source": "yaml", "yaml": text, "name": "in the form"})
    assert fault in answer.content.decode()
    assert "sead: 3" in answer.content.decode() or "seed" in text or "depth" in text
    assert not Run.objects.exists()


def test_presets_of_a_team_are_saved_chosen_renamed_and_deleted(client, viewer, sign_in, team):
    typed = {"name": "my run", "space": "nb201", "candidates": "x7", "preset_name": "Nightly"}
    saved = client.post(f"{NEW}/presets", typed)
    preset = TeamPreset.objects.get()
    assert saved["Location"] == f"{NEW}?own={preset.pk}"
    page = read(client.get(saved["Location"]))
    assert (value_of(page, "candidates"), value_of(page, "space")) == ("x7", "nb201")
    assert "saved by rosa" in client.get(NEW).content.decode()
    again = client.post(f"{NEW}/presets", typed).content.decode()
    assert "has a preset &#x27;Nightly&#x27; already" in again or "already" in again
    assert "x7" in again
    change = f"{NEW}/presets/{preset.pk}"
    client.post(f"{change}/rename", {**typed, "preset_name": "Weekly"})
    assert TeamPreset.objects.get().name == "Weekly"
    assert "must not be empty" in client.post(f"{change}/rename", {}).content.decode()
    assert sign_in(viewer).post(f"{change}/delete").status_code == 403
    assert value_of(read(client.post(f"{change}/delete", typed)), "candidates") == "x7"
    assert not TeamPreset.objects.exists()


def test_a_chosen_preset_is_marked_and_says_what_it_changes(client):
    page = client.get(f"{NEW}?preset=renas").content.decode()
    assert page.count('aria-current="true"') >= 1
    assert "strategy_config" not in page.partition("preset-changes")[2][:600]
    assert "strategy population 10" in page
    assert "Evolution whose mutations are chosen by a controller" in page
