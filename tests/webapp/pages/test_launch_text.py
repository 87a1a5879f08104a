"""The YAML text and the presets of a team on the forms of runs and of studies."""

from __future__ import annotations

import pytest

from tests.fixtures.html_reader import errors_of, read, value_of
from webapp.runs.models import Run, Study, TeamPreset

pytestmark = pytest.mark.django_db
NEW = "/runs/new"
NEW_STUDY = "/studies/new"
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


@pytest.mark.parametrize(("new", "other"), [(NEW, NEW_STUDY), (NEW_STUDY, NEW)])
def test_presets_of_a_team_are_saved_chosen_renamed_and_deleted(
    new, other, client, viewer, sign_in, team
):
    typed = {"name": "my run", "space": "nb201", "candidates": "x7", "preset_name": "Nightly"}
    saved = client.post(f"{new}/presets", typed)
    preset = TeamPreset.objects.get()
    assert saved["Location"] == f"{new}?own={preset.pk}"
    page = read(client.get(saved["Location"]))
    assert (value_of(page, "candidates"), value_of(page, "space")) == ("x7", "nb201")
    assert "saved by rosa" in client.get(new).content.decode()
    assert "saved by rosa" not in client.get(other).content.decode()
    assert client.get(f"{other}?own={preset.pk}").status_code == 404
    assert client.post(f"{other}/presets/{preset.pk}/delete").status_code == 404
    again = client.post(f"{new}/presets", typed).content.decode()
    assert "has a preset &#x27;Nightly&#x27; already" in again or "already" in again
    assert "x7" in again
    change = f"{new}/presets/{preset.pk}"
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


STUDY_TEXT = """name: from text
methods:
  random:
  nsga2:
    population: 6
seeds: 2
space: nb201
objectives: [error, params]
candidates: 3
"""


def test_a_study_form_is_sent_as_text_and_the_text_launches(client):
    typed = {
        "name": "typed",
        "question": "why?",
        "methods": ["", "random", "nsga2"],
        "methods.nsga2.population": "few",
        "space": "nb201",
        "seeds": "many",
        "stop_decided": ["false", "true"],
    }
    text = client.post(f"{NEW_STUDY}/yaml", typed).content.decode()
    assert "  random:\n" in text and "null" not in text
    shown = read(client.post(NEW_STUDY, {"source": "yaml", "step": "apply", "yaml": text}))
    assert value_of(shown, "methods.nsga2.population") == "few"
    assert errors_of(shown)["seeds"].startswith("must be")
    assert (value_of(shown, "seeds"), value_of(shown, "question")) == ("many", "why?")
    assert ticked(shown) == ["nsga2", "random"]
    assert "checked" in shown.one("field-stop_decided").attributes
    assert not Study.objects.exists()
    client.post(NEW_STUDY, {"source": "yaml", "yaml": STUDY_TEXT})
    runs = Study.objects.get().runs.order_by("pk")
    assert [(run.strategy, run.seed) for run in runs] == [
        (name, seed) for seed in (0, 1) for name in ("random", "nsga2")
    ]
    assert runs[1].spec["strategy_config"]["population"] == 6


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("nsga2:\n", "nsga2: 3\n", "line 4: methods.nsga2 takes indented lines"),
        ("    population: 6", "    populace: 6", "line 5: nsga2 has no setting"),
        ("    population: 6", "    population: -6", "line 5: methods.nsga2.population: must be"),
        ("  nsga2:", "  nsga9:", "line 2: methods: must be methods of the catalogue"),
        ("seeds: 2", "seeds: no", "line 6: seeds: "),
        ("seeds: 2", "strategy: random", "line 6: &#x27;strategy&#x27; is no setting"),
        (
            "nsga2:\n    population: 6\nseeds: 2\nspace: nb201",
            "monas:\nseeds: 2\nspace: topology",
            "line 4: methods.monas: ",
        ),
    ],
)
def test_a_fault_in_the_text_of_a_study_names_its_line(client, before, after, fault):
    text = STUDY_TEXT.replace(before, after)
    if "takes indented" in fault:
        text = text.replace("    population: 6\n", "")
    assert fault in client.post(NEW_STUDY, {"source": "yaml", "yaml": text}).content.decode()
    assert not Study.objects.exists()


def test_a_preset_of_studies_is_marked_and_says_what_it_changes(client):
    page = read(client.get(f"{NEW_STUDY}?preset=evolution"))
    assert page.one("preset-evolution").attributes["aria-current"] == "true"
    changes = page.one("preset-changes").text
    assert "regularised-evolution tournament size 3" in changes
    assert "seeds 10" in changes
    assert ticked(page) == ["local-search", "nsga2", "random", "regularised-evolution"]


def ticked(page) -> list[str]:
    boxes = page.all("input", type="checkbox", name="methods")
    return sorted(box.attributes["value"] for box in boxes if "checked" in box.attributes)
