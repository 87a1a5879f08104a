"""The launch form: made from the engine's settings; nothing typed is lost."""

from __future__ import annotations

import pytest

from nasengine import catalog
from nasengine.core.settings import describe
from tests.fixtures.dataset_files import write_cifar_npz, write_text_parts
from tests.fixtures.factories import end_run
from tests.fixtures.html_reader import errors_of, read, value_of
from webapp.runs.models import Run
from webapp.runs.presets import PRESETS, changes_of
from webapp.runs.services.advance import advance_run
from webapp.start.built_in import store_built_in

pytestmark = pytest.mark.django_db
NEW = "/runs/new"
TYPED = {
    "name": "night run",
    "space": "nb201",
    "strategy": "random",
    "estimator": "train",
    "dataset": "digits",
    "objectives": ["", "error", "params"],
    "constraints": "params<2e6",
    "candidates": "7",
    "seed": "9007199254740993",
    "in_flight": "3",
    "deterministic": ["false", "true"],
    "estimator_config.epochs": "2",
}


def test_the_form_begins_with_the_defaults(researcher, sign_in):
    page = read(sign_in(researcher).get(NEW))
    kinds = ("space", "strategy", "estimator", "dataset")
    assert [value_of(page, kind) for kind in kinds] == [
        "cell",
        "dpp-net",
        "train",
        "digits",
    ]
    ticked = [e.attributes["value"] for e in page.all("input", name="objectives", checked="")]
    assert ticked == ["error", "params", "latency@cpu"]


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        ("space", "spaces"),
        ("strategy", "strategies"),
        ("estimator", "estimators"),
        ("dataset", "datasets"),
    ],
)
def test_every_plugin_of_the_catalogue_gets_a_field_for_every_setting(
    researcher, sign_in, kind, plural
):
    client = sign_in(researcher)
    for name in catalog.names(plural):
        page = read(client.get(f"{NEW}/part/{kind}", {kind: name}))
        fields = [
            e.attributes["data-field"] for e in page.all("div") if "data-field" in e.attributes
        ]
        wanted = [f"{kind}_config.{s.name}" for s in describe(catalog.load(plural, name).Config)]
        # A path that is to be filled in comes first; the others keep their order.
        assert fields == sorted(wanted, key=lambda name: not name.endswith(".path"))


def test_launching_stores_the_question_and_leads_to_the_run(team, researcher, sign_in):
    answer = sign_in(researcher).post(NEW, TYPED)
    run = Run.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/runs/{run.pk}/")
    assert (run.team, run.created_by, run.name, run.state) == (
        team,
        researcher,
        "night run",
        "queued",
    )
    spec = run.spec
    assert spec["seed"] == 9007199254740993
    assert spec["objectives"] == ["error", "params"]
    assert spec["constraints"] == ["params<2e6"]
    assert (spec["candidates"], spec["in_flight"], spec["deterministic"]) == (
        7,
        3,
        True,
    )
    assert spec["estimator_config"]["epochs"] == 2


def test_an_unticked_box_is_an_answer(researcher, sign_in):
    sign_in(researcher).post(NEW, {**TYPED, "deterministic": "false"})
    assert Run.objects.get().spec["deterministic"] is False


def test_every_message_stands_beside_its_field_and_nothing_typed_is_lost(researcher, sign_in):
    typed = {
        **TYPED,
        "name": "x" * 100_000,
        "candidates": "abc",
        "in_flight": "-1",
        "constraints": "params<NaN",
        "estimator_config.epochs": "NaN",
        "estimator_config.learning_rate": "inf",
        "estimator_config.device": "😀\x1f",
    }
    page = read(sign_in(researcher).post(NEW, typed))
    errors = errors_of(page)
    assert errors["name"] == "must have at most 120 characters (got 100,000)"
    assert errors["candidates"] == "must be a whole number (got 'abc')"
    assert errors["in_flight"] == "must be at least 1 (got -1)"
    assert errors["estimator_config.epochs"] == "must be a whole number (got 'NaN')"
    assert errors["estimator_config.learning_rate"] == "must be finite (got 'inf')"
    assert errors["constraints"].startswith("the bound of 'params<NaN' is not finite")
    assert {
        name: value_of(page, name) for name in typed if name not in ("objectives", "deterministic")
    } == {
        name: value for name, value in typed.items() if name not in ("objectives", "deterministic")
    }
    assert page.one("error-summary").attributes["role"] == "alert"
    assert len(page.one("error-summary").all("li")) == len(errors)
    assert Run.objects.count() == 0


def test_a_null_character_is_replaced_and_everything_else_stays(researcher, sign_in):
    page = read(sign_in(researcher).post(NEW, {**TYPED, "estimator_config.device": "cpu\0"}))
    assert "got 'cpu\ufffd'" in errors_of(page)["estimator_config.device"]
    assert value_of(page, "estimator_config.device") == "cpu\ufffd"
    assert value_of(page, "estimator_config.epochs") == "2"
    assert Run.objects.count() == 0


def test_the_chosen_preset_is_marked_and_only_what_it_changes_is_unfolded(researcher, sign_in):
    page = read(sign_in(researcher).get(NEW, {"preset": "nsga2"}))
    marked = [a.attributes["data-testid"] for a in page.all("a", aria_current="true")]
    assert "preset-nsga2" in marked and len([m for m in marked if "preset" in m]) == 1
    (own,) = page.one("settings-strategy").all("div", class_="ps-fields ps-own-fields")
    fields = [e.attributes["data-field"] for e in own.all("div") if "data-field" in e.attributes]
    assert fields == ["strategy_config.population"]
    assert value_of(page, "name") == "NSGA-II on digits"


def test_the_path_that_a_preset_leaves_open_is_not_folded_away(researcher, sign_in):
    page = read(sign_in(researcher).get(NEW, {"preset": "darts-as-published"}))
    (own,) = page.one("settings-dataset").all("div", class_="ps-fields ps-own-fields")
    fields = [e.attributes["data-field"] for e in own.all("div") if "data-field" in e.attributes]
    assert fields == ["dataset_config.path"]


@pytest.mark.parametrize(
    ("changed", "path", "says"),
    [
        ({"name": " "}, "name", "must not be empty"),
        ({"name": "a\nb"}, "name", "must be one line of printable characters"),
        ({"objectives": [""]}, "objectives", "must be 1 to"),
        ({"objectives": ["error", "beauty"]}, "objectives", "beauty"),
        ({"constraints": "macs<5"}, "constraints", "not measured"),
        ({"seed": "-3"}, "seed", "must be at least 0 (got -3)"),
        ({"seed": str(2**63)}, "seed", "must be at most 9223372036854775807"),
        ({"strategy": "magic"}, "strategy", "is not among the strategies"),
        ({"space": "x" * 5000}, "space", "is not among the spaces"),
        ({"dataset": "cifar10"}, "dataset_config.path", "is empty"),
        (
            {"strategy": "regularised-evolution", "strategy_config.sample": "999"},
            "strategy_config.sample",
            "at most the population",
        ),
    ],
)
def test_what_the_engine_refuses_is_said_where_it_belongs(researcher, sign_in, changed, path, says):
    page = read(sign_in(researcher).post(NEW, {**TYPED, **changed}))
    summary = page.one("error-summary").text
    beside = [e.text for e in page.all("p", class_="ps-error")]
    assert any(says in text for text in beside), (path, beside)
    assert says in summary
    assert Run.objects.count() == 0


def test_a_clone_is_filled_with_everything(researcher, finished, sign_in):
    client = sign_in(researcher)
    page = read(client.get(NEW, {"clone": finished.pk}))
    assert value_of(page, "name") == "a run again"
    assert (value_of(page, "space"), value_of(page, "seed")) == ("nb201", "7")
    ticked = [e.attributes["value"] for e in page.all("input", name="objectives", checked="")]
    assert ticked == ["error", "params"]


@pytest.mark.parametrize("clone", ["0", "abc", "9" * 30, "-1", "²"])
def test_a_clone_of_nothing_is_not_found(researcher, sign_in, clone):
    assert sign_in(researcher).get(NEW, {"clone": clone}).status_code == 404


def test_strangers_cannot_clone(stranger, finished, sign_in):
    assert sign_in(stranger).get(NEW, {"clone": finished.pk}).status_code == 404


def test_changes_of_a_preset_have_the_labels_of_the_form():
    changes = dict(changes_of(PRESETS["monas-power-budget"]))
    assert changes["parallel candidates"] == "2"
    assert changes["strategy warm-up"] == "10"
    assert changes["constraints"] == "power@jetson_tx1<3.2"


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_can_be_launched_once_its_data_are_named(
    researcher, sign_in, preset, tmp_path
):
    page = read(sign_in(researcher).get(NEW, {"preset": preset}))
    typed: dict[str, list[str]] = {}
    (form,) = page.all("form", id="launch")
    for field in form.all("input") + form.all("select") + form.all("textarea"):
        name, kind = field.attributes.get("name"), field.attributes.get("type")
        if not name or (kind == "checkbox" and "checked" not in field.attributes):
            continue
        typed_in = field.attributes.get("value", "")
        value = typed_in if field.tag == "input" else value_of(page, name)
        typed.setdefault(name, []).append(value)
    if typed.get("dataset_config.path") == [""]:  # files that are not part of the installation
        write = write_text_parts if typed["dataset"] == ["ptb"] else write_cifar_npz
        typed["dataset_config.path"] = [str(write(tmp_path))]
    assert sign_in(researcher).post(NEW, typed).status_code == 302
    # The form loses no setting of the preset.
    run, spec = Run.objects.get(), PRESETS[preset].spec
    for part in ("space_config", "strategy_config", "estimator_config"):
        stored = run.spec[part]
        differing = {k: v for k, v in spec.get(part, {}).items() if stored.get(k, v) != v}
        assert differing == {}
    assert run.spec["constraints"] == spec.get("constraints", [])


def test_a_run_is_launched_with_a_priority_that_a_clone_keeps(team, researcher, sign_in):
    client = sign_in(researcher)
    refused = read(client.post(NEW, {**TYPED, "priority": "5"}))
    assert "must be one of -1, 0, 1 (got '5')" in errors_of(refused)["priority"]
    client.post(NEW, {**TYPED, "priority": "1"})
    run = Run.objects.get()
    assert run.priority == 1
    assert value_of(read(client.get(f"{NEW}?clone={run.pk}")), "priority") == "1"


def test_a_viewer_may_not_launch(viewer, sign_in):
    client = sign_in(viewer)
    assert client.get(NEW).status_code == 403
    assert client.post(NEW, TYPED).status_code == 403
    assert Run.objects.count() == 0


def test_the_cost_is_known_from_candidates_like_these(team, researcher, sign_in):
    client = sign_in(researcher)
    before = read(client.post(f"{NEW}/cost", TYPED)).one("expected-cost").text
    assert before.startswith("The expected time is unknown")
    client.post(NEW, {**TYPED, "candidates": "1", "constraints": ""})
    run = Run.objects.get()
    advance_run(run.pk)
    end_run(run, [("done", 20.0, 1000.0)])
    after = read(client.post(f"{NEW}/cost", TYPED)).one("expected-cost").text
    assert after.startswith("About ")
    assert "on 3 free workers" in after and "from 1 earlier candidate)" in after
    other = read(client.post(f"{NEW}/cost", {**TYPED, "estimator_config.epochs": "3"}))
    assert other.one("expected-cost").text.startswith("The expected time is unknown")
    wrong = read(client.post(f"{NEW}/cost", {**TYPED, "candidates": "abc"}))
    assert wrong.one("expected-cost").text.startswith("The expected time appears")


def test_a_table_brings_data_sets_and_objectives_of_its_own(researcher, sign_in):
    typed = {
        **TYPED,
        "estimator": "table",
        "dataset": "imagenet16-120",
        "objectives": ["", "error", "throughput@a100, joules"],
        "estimator_config.path": "table.csv",
        "estimator_config.columns": "nonsense",
    }
    page = read(sign_in(researcher).post(NEW, typed))
    assert value_of(page, "dataset") == "imagenet16-120"
    assert value_of(page, "estimator_config.columns") == "nonsense"
    assert page.all(id="field-dataset-error") == []
    ticked = [e.attributes["value"] for e in page.all("input", name="objectives", checked="")]
    assert ticked == ["error", "throughput@a100", "joules"]


def test_devices_that_measure_are_offered_and_those_of_tables_are_not(researcher, sign_in):
    store_built_in()
    page = read(sign_in(researcher).get(NEW))
    boxes = page.all("input", name="objectives", type="checkbox")
    offered = [box.attributes["value"] for box in boxes]
    assert offered[:4] == ["error", "perplexity", "params", "macs"]
    assert [name for name in offered if name.startswith("latency")] == [
        "latency@cpu",
        "latency@cuda",
        "latency@mps",
    ]
    assert {"throughput@cpu", "energy@cpu", "power@cpu", "memory@cpu"} <= set(offered)
    devices = {name.partition("@")[2] for name in offered[4:] if "@" in name}
    assert devices == {"cpu", "cuda", "mps"}
    assert {name for name in offered[4:] if "@" not in name} <= set(catalog.names("proxies"))


@pytest.mark.parametrize("preset", ["", *PRESETS])
def test_no_run_starts_with_the_name_of_another_method(researcher, sign_in, preset):
    page = read(sign_in(researcher).get("/runs/new", {"preset": preset} if preset else {}))
    (field,) = page.all("input", name="name")
    name = field.attributes["value"]
    strategy = PRESETS[preset].spec.get("strategy", "dpp-net") if preset else "dpp-net"
    words = name.lower().split()
    methods = [m for m in catalog.names("strategies") if m in words and m != "random"]
    assert methods in ([], [strategy])
    assert field.attributes["data-suggested"] == name, "an untouched name follows the strategy"


def options_of(page, part):
    """Return text and whether it can be chosen of each option of a part, by value."""
    (select,) = page.all("select", id=f"field-{part}")
    return {
        o.attributes["value"]: (o.text, "disabled" not in o.attributes)
        for o in select.all("option")
    }


def test_what_the_chosen_parts_do_not_allow_is_disabled_with_its_reason(researcher, sign_in):
    page = read(sign_in(researcher).get(f"{NEW}?space=topology&strategy=darts"))
    strategies = options_of(page, "strategy")
    reason = "supernet, which the space topology does not have"
    assert strategies["enas"] == (f"enas requires decisions, {reason}", False)
    assert strategies["darts"] == (
        f"darts requires relaxed, {reason}",
        True,
    )  # chosen before: it can be removed
    assert strategies["random"] == ("random", True)
    assert not options_of(page, "dataset")["ptb"][1]
    estimators = options_of(page, "estimator")
    assert estimators["train"][1] and not estimators["shared"][1]
    assert all(allowed for _, allowed in options_of(page, "space").values())


def test_the_choices_follow_the_other_parts(researcher, sign_in):
    client = sign_in(researcher)
    typed = {"space": "recurrent-cell", "strategy": "enas", "estimator": "train", "dataset": "ptb"}
    answer = client.post(f"{NEW}/choices", typed).content.decode()
    assert 'hx-swap-oob="innerHTML:#field-strategy"' in answer
    assert "digits holds images, but the space recurrent-cell reads text" in answer
    assert "enas requires" not in answer
    assert "field-space" not in answer
