"""The client and its command line against a real web server."""

from __future__ import annotations

import io
import json
import shlex
import subprocess
import sys
from dataclasses import replace

import pytest

from nasengine.core.search_spec import SearchSpec
from paretoscope import ApiError, Client
from paretoscope.__main__ import main
from paretoscope.tables import Table
from tests.fixtures.evaluations import finish_export, finish_trainings
from tests.fixtures.factories import make_run, work_off
from webapp.api.models import Scope
from webapp.api.services import tokens
from webapp.evaluations.models import Evaluation
from webapp.exports.models import Export
from webapp.runs.models import Run
from webapp.runs.scripts import EXAMPLE, launch_scripts, shortened
from webapp.runs.services.advance import advance_run

SPEC = {"space": "nb201", "strategy": "random", "candidates": 3, "objectives": ["error", "params"]}


@pytest.fixture
def client(website, researcher) -> Client:
    return Client(website.url, tokens.issue(researcher, "script", Scope.WRITE))


def test_launch_wait_and_read(client, team, capsys, tmp_path, monkeypatch):
    run = client.launch("from a script", key="once", seed=3, **SPEC)
    assert (run.state, run.row["seed"], run.has_ended) == ("queued", "3", False)
    assert client.launch("from a script", key="once", seed=3, **SPEC).id == run.id
    with pytest.raises(TimeoutError, match="is queued after 0 s"):
        run.wait(timeout=0)
    stored = Run.objects.get(pk=run.id)
    advance_run(stored.pk)
    work_off(stored)
    assert run.wait(timeout=120, every=0.1).state == "finished"
    candidates = run.candidates()
    assert [row["number"] for row in candidates] == [0, 1, 2]
    assert list(candidates.to_frame().columns)[-2:] == ["error", "params"]
    assert {row["number"] for row in run.front()} <= {0, 1, 2}
    assert run.candidate(0)["architecture"]
    assert [event["seq"] for event in run.events()] == list(
        range(1, Run.objects.get(pk=run.id).seq + 1)
    )
    assert [found.id for found in client.runs("script", state=["finished"])] == [run.id]

    monkeypatch.setenv("PARETOSCOPE_URL", client.connection.base.removesuffix("/api"))
    monkeypatch.setenv("PARETOSCOPE_TOKEN", client.connection.token)
    assert main(["runs", "ls"]) == 0
    assert "from a script" in capsys.readouterr().out
    assert main(["runs", "pull", str(run.id), "--out", str(tmp_path / "c.csv")]) == 0
    header, *rows = (tmp_path / "c.csv").read_text().splitlines()
    assert header.endswith("error,params")
    assert len(rows) == 3
    assert main(["runs", "compare", str(run.id)]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == [str(run.id), "random"]
    assert [event["seq"] for event in run.stream(seconds=120)] == [e["seq"] for e in run.events()]
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(SPEC))
    assert main(["runs", "launch", "second", str(spec)]) == 0
    number = capsys.readouterr().out.strip()
    assert main(["runs", "raise-budget", number, "--candidates", "5"]) == 0
    assert capsys.readouterr().out == "queued, 0 of 5 candidates\n"
    assert client.run(int(number)).raise_budget(5).row["budget"] == 5
    assert main(["runs", "raise-budget", number, "--max-kwh", "2"]) == 2
    assert "no limit max_kwh" in capsys.readouterr().err
    assert main(["runs", "cancel", number]) == 0
    advance_run(int(number))
    assert main(["runs", "watch", number]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("stopped, 0 of 5")
    assert main(["runs", "show", number]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "second"


def test_a_file_of_settings_is_yaml_or_json(client, team, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("PARETOSCOPE_URL", client.connection.base.removesuffix("/api"))
    monkeypatch.setenv("PARETOSCOPE_TOKEN", client.connection.token)
    spec = tmp_path / "spec.json"
    saved = tmp_path / "Third.yaml"
    saved.write_text("name: third\npriority: 1\nspace: nb201\nstrategy: random\ncandidates: 4\n")
    assert main(["runs", "launch", str(saved), "--key", "k"]) == 0
    assert main(["runs", "launch", str(saved), "--key", "k"]) == 0
    first, again = capsys.readouterr().out.split()
    third = Run.objects.get(pk=first)
    assert (again, third.name, third.priority, third.candidate_budget) == (first, "third", 1, 4)
    saved.write_text("space: nb201\nstrategy: random\ncandidates: many\n")
    assert main(["runs", "launch", "fourth", str(saved)]) == 2
    assert "/settings: line 3: candidates: " in capsys.readouterr().err
    spec.write_text("{'space': 1}")
    assert main(["runs", "launch", "fifth", str(spec)]) == 2
    assert "spec.json is not JSON: " in capsys.readouterr().err


def test_errors_are_one_line_and_exit_code_2(client, team, stranger, capsys, tmp_path):
    with pytest.raises(ApiError, match="/space: ") as refused:
        client.launch("a run", **{**SPEC, "space": "no-space"})
    assert refused.value.status == 422
    run = make_run(team, candidates=1)
    foreign = tokens.issue(stranger, "t")
    arguments = ["--url", client.connection.base.removesuffix("/api"), "--token", foreign]
    assert main([*arguments, "runs", "show", str(run.pk)]) == 2
    assert main([*arguments[:2], "--token", "wrong", "runs", "ls"]) == 2
    (tmp_path / "broken.json").write_text("{")
    assert main([*arguments, "runs", "launch", "x", str(tmp_path / "broken.json")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("paretoscope: ") for line in lines)


def test_it_needs_no_other_package():
    code = "import sys; sys.path[:] = [p for p in sys.path if 'site-packages' not in p]; "
    code += "import paretoscope.__main__ as m; sys.exit(m.main(['runs', 'ls']))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False, env={}
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("paretoscope: no token")
    assert len(done.stderr.splitlines()) == 1


def lose_connection_once(connection, monkeypatch, after):
    """Cut the first answer off; return the ranges that are asked for."""
    opened, ranges = connection._opened, []

    def cut(path, headers, seconds):
        answer = opened(path, headers, seconds)
        ranges.append(headers.get("Range"))
        if len(ranges) == 1:
            part = io.BytesIO(answer.read(after))
            monkeypatch.setattr(answer, "read", part.read)
        return answer

    monkeypatch.setattr(connection, "_opened", cut)
    return ranges


def test_studies_architectures_evaluations_and_exports(client, team, tmp_path, monkeypatch):
    study = client.launch_study(
        "from a script", ["random", "local-search"], [0, 1], key="s", question="Which?", **SPEC
    )
    assert (len(study.runs()), study.has_ended) == (4, False)
    assert study.stop().row["changed"] == 4
    assert [listed.id for listed in client.studies()] == [study.id]
    with pytest.raises(TimeoutError, match="has not ended after 0 s"):
        study.wait(timeout=0)
    stored = make_run(team, candidates=1)
    work_off(stored)
    entry = client.keep(stored.pk, 0, "Small net", "It is small.")
    assert (entry.stage, client.architecture(entry.id).name) == ("proposed", "Small net")
    assert [architecture.id for architecture in client.architectures("small", latest=True)] == [
        entry.id
    ]
    evaluation = client.evaluate(architecture=entry.id, seeds=[0], key="e")
    assert client.evaluate(architecture=entry.id, seeds=[0], key="e").id == evaluation.id
    assert [row["state"] for row in evaluation.trainings()] == ["queued"]
    finish_trainings(Evaluation.objects.get(pk=evaluation.id), [5.0])
    assert evaluation.wait(timeout=0).row["mean"] == 5.0
    assert evaluation.trainings().to_frame()["test_error"].tolist() == [5.0]
    export = client.export(evaluation.id, "onnx", key="x")
    assert (export.row["state"], export.has_ended) == ("queued", False)
    with pytest.raises(ApiError, match="has no archive") as refused:
        export.download(tmp_path / "model.zip")
    assert refused.value.status == 409
    assert list(tmp_path.iterdir()) == []
    content = bytes(range(256)) * 4000
    finish_export(Export.objects.get(pk=export.id), content)
    ranges = lose_connection_once(client.connection, monkeypatch, after=300_000)
    assert export.download(tmp_path / "model.zip").read_bytes() == content
    assert ranges == [None, "bytes=300000-"]
    assert list(client.tables()) == list(client.devices()) == []


def test_the_programs_that_pages_show_launch_with_nothing_but_python(
    website, client, team, tmp_path
):
    """The client comes from the website; no package of this environment can be imported."""
    own = replace(
        EXAMPLE,
        constraints=("params<2e6",),
        strategy_config={"population": 6, "sample": 3},
        estimator_config={"epochs": 2},
    )
    token = client.connection.token
    scripts = launch_scripts(website.url, 'it\'s "one"', team.name, own)
    by_key = {script.key: script.text for script in scripts}
    in_terminal = {"PARETOSCOPE_TOKEN": token}

    def run(*arguments: str) -> None:
        command = [sys.executable, "-S", *arguments]
        subprocess.run(
            command, cwd=tmp_path, env=in_terminal, check=True, timeout=120, capture_output=True
        )

    program = by_key["python"].replace("\nrun.wait()\nprint(run.front())", "")
    run("-c", program)
    _, settings, after = by_key["shell"].replace("END'\n", "END\n").split("END\n")
    (tmp_path / "search.json").write_text(settings)
    words = shlex.split(after)
    assert words[0] == "python3"
    assert words[-1] == "--wait"
    run(words[1], "--url", website.url, *words[2:-1])
    assert f"export PARETOSCOPE_URL={website.url}\n" in by_key["shell"]
    assert '-H "Authorization: Bearer $PARETOSCOPE_TOKEN"' in by_key["http"]
    body = json.loads(by_key["http"].split("END'\n")[1].removesuffix("\nEND"))
    assert client.connection.post("/runs", body)["name"] == 'it\'s "one"'

    specs = [row.spec for row in Run.objects.order_by("pk")]
    assert len(specs) == 3
    assert specs[0] == specs[1] == specs[2]
    assert specs[0]["strategy_config"]["population"] == 6
    assert specs[0]["constraints"] == ["params<2e6"]
    assert shortened(SearchSpec.from_json(specs[0])) == shortened(own)


def test_a_table_prints_its_values():
    values = {"error": {"value": 4.123456}, "params": {"value": 120}}
    rows = [
        {"number": n, "state": "done", "origin": "random", "architecture_id": "a" * 64}
        | {"violation": None, "values": values}
        for n in range(25)
    ]
    head, first, *_, last = str(Table(rows)).splitlines()
    assert head.split() == [
        "number",
        "state",
        "origin",
        "architecture_id",
        "violation",
        "error",
        "params",
    ]
    assert first.split() == ["0", "done", "random", "a" * 23 + "…", "-", "4.123", "120"]
    assert last == "... 5 more rows"
    assert str(Table([])) == repr(Table([]))
