"""Runs of other tools become runs that have ended, once, with candidates and a front."""

from __future__ import annotations

import io
import sqlite3

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from nasengine.core.errors import EngineError
from tests.fixtures.html_reader import errors_of, read
from tests.fixtures.recorded_runs import (
    mlflow_folder,
    optuna_file,
    tensorboard_folder,
    wandb_csv,
)
from tests.fixtures.uploaded_data import zip_of
from webapp.architectures.services.keeping import KeepRefused, keep
from webapp.imports import jobs as run_imports
from webapp.imports.models import ImportedRun, RunImport
from webapp.imports.readers import mlflow, optuna, tensorboard
from webapp.imports.readers.files import read_upload
from webapp.imports.readers.recorded import Recorded, Series, curve_of
from webapp.imports.readers.rows import read_rows
from webapp.imports.storing import store_runs
from webapp.runs.choices import choices_of
from webapp.runs.imported import recorded_choices
from webapp.runs.models import Run
from webapp.runs.services.control import ControlRefused, allowed, raise_budget
from webapp.runs.snapshot import snapshot
from webapp.uploads import jobs

pytestmark = pytest.mark.django_db


def zipped(root) -> io.BytesIO:
    files = (path for path in root.rglob("*") if path.is_file())
    return zip_of({str(path.relative_to(root.parent)): path.read_bytes() for path in files})


def import_all() -> None:
    """Read the files that wait, as a process of the coordinator does."""
    while job := jobs.claim(RunImport):
        run_imports.run(job)


def test_a_study_of_optuna_is_read_by_sql(tmp_path):
    (study,) = optuna.read_file(optuna_file(tmp_path / "a.db"))
    assert (study.name, study.better) == (
        "mobile study",
        {"val_accuracy": "higher", "size": "lower"},
    )
    assert [c.state for c in study.candidates] == ["done"] * 10 + ["failed"]  # one still ran
    second = study.candidates[1]
    assert second.settings == {"lr": 0.05, "depth": 1, "op": "pool"}
    assert second.values == {"val_accuracy": 90.1, "size": 96.0}
    assert second.seconds == 30


def test_intermediate_values_of_optuna_are_a_learning_curve(tmp_path):
    path = optuna_file(tmp_path / "a.db")
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM study_directions WHERE objective = 1")
        db.execute("DELETE FROM study_system_attributes")
        db.execute(
            "CREATE TABLE trial_intermediate_values (trial_intermediate_value_id INTEGER, "
            "trial_id INTEGER, step INTEGER, intermediate_value FLOAT)"
        )
        rows = [(2, 0, 50.0), (2, 2, 70.0), (2, 1, None), (2, -1, 1.0), (3, 0, 9.0)]
        db.executemany("INSERT INTO trial_intermediate_values VALUES (NULL, ?, ?, ?)", rows)
    (study,) = optuna.read_file(path)
    assert curve_of(study.candidates[1], study.better, 200) == [
        {"epoch": 0, "value": 50.0},
        {"epoch": 2, "value": 70.0},
    ]
    assert curve_of(study.candidates[2], study.better, 200) == []  # one point is no curve


def test_long_curves_are_thinned_and_keep_their_end():
    series = Series()
    for step in range(12_345):
        series.add(step, float(step))
    candidate = Recorded("done", {}, {}, curves={"loss": series})
    curve = curve_of(candidate, ["loss", "size"], 200)
    assert 100 <= len(curve) <= 200 and curve[-1] == {"epoch": 12_344, "loss": 12_344.0}
    assert curve_of(candidate, ["loss"], 2)[-1] == curve[-1]


def test_an_imported_run_shows_its_curves(tmp_path, team, researcher, sign_in):
    (recorded,) = mlflow.read_folder(mlflow_folder(tmp_path), "val_error")
    ((run,), _) = store_runs(team, researcher, [recorded], "mlruns.zip")
    candidate = run.candidates.get(number=1)
    errors = [(point["epoch"], point["val_error"]) for point in candidate.curve]
    assert errors == [(0, 19.0), (1, 18.0), (2, 17.0)]
    state = snapshot(run)
    assert state["run"]["curve"] == {"key": "val_error", "label": "val_error", "unit": ""}
    page = read(sign_in(researcher).get(f"/runs/{run.pk}/candidates/1/"))
    assert ["1", "18.0"] in [row for table in page.all("table") for row in table.rows()]


def test_an_experiment_of_mlflow_is_read_from_its_files(tmp_path):
    root = mlflow_folder(tmp_path)
    for folder in (root, root.parent, root / "7"):
        (run,) = mlflow.read_folder(folder, "")
        assert (run.name, run.better) == ("cells", {"params": "lower", "val_error": "lower"})
        assert [c.state for c in run.candidates] == ["done"] * 3 + ["failed"]
        assert run.candidates[1].values == {"val_error": 17, "params": 2000}  # the last step
        assert run.candidates[1].settings == {"activation": "relu", "layers": 2}
        assert run.candidates[1].seconds == 5
    (run,) = mlflow.read_folder(root, "val/error")
    assert run.better == {"val_error": "lower"}
    with pytest.raises(EngineError, match="has no value 'accuracy'"):
        mlflow.read_folder(root, "accuracy:higher")


def test_scalars_of_tensorboard_are_read_from_event_files(tmp_path):
    root = tensorboard_folder(tmp_path)
    (run,) = tensorboard.read_folder(root, "")
    assert run.better == {"loss_val": "lower", "accuracy": "higher"}
    last = run.candidates[2]
    assert last.settings == {"folder": "run_2"}
    assert last.values == {"loss_val": 1.0, "accuracy": pytest.approx(0.7)}
    assert last.seconds == 2
    assert curve_of(last, run.better, 200)[1:] == [
        {"epoch": 1, "loss_val": 2.0, "accuracy": pytest.approx(0.7)},
        {"epoch": 2, "loss_val": 1.0, "accuracy": pytest.approx(0.7)},
    ]
    file = next(root.rglob("*tfevents*"))
    file.write_bytes(file.read_bytes()[:-10])  # the process was killed while it wrote
    assert len(tensorboard.read_folder(root, "")[0].candidates) == 3


def test_an_export_of_wandb_and_any_table(tmp_path):
    file = tmp_path / "w.csv"
    file.write_bytes(wandb_csv())
    (run,) = read_rows(file, "w", "")
    assert (run.source, run.better) == ("wandb", {"val_acc": "higher"})
    assert [c.state for c in run.candidates] == ["done"] * 3 + ["failed"]
    assert run.candidates[1].settings == {"lr": 0.05, "optimizer": "sgd"}
    assert run.candidates[1].seconds == 60
    file.write_text("a,b,Top 1\n1,x,9\n2,y,8\n")
    with pytest.raises(EngineError, match="name the objectives"):
        read_rows(file, "t", "")
    (run,) = read_rows(file, "t", "Top 1:higher")
    assert (run.source, run.better) == ("csv", {"top_1": "higher"})


@pytest.mark.parametrize(
    ("content", "name", "text"),
    [
        (b"SQLite format 3\0" + b"\xff" * 4000, "a.db", "cannot be read as a storage of Optuna"),
        (b"hello", "a.pkl", "none of the files that are read"),
        (zip_of({"../x": b"1"}).getvalue(), "a.zip", "leads out of the folder"),
        (zip_of({"x.txt": b"1"}).getvalue(), "a.zip", "has no files of a tool"),
        (zip_of({"0/meta.yaml": b"!!python/object/apply:os.system [ls]",
                 "0/r/meta.yaml": b"a: 1"}).getvalue(), "a.zip", "damaged"),
        (zip_of({"x.tfevents": b"\xff" * 400}).getvalue(), "a.zip", "is no event file"),
        (b"error\nnan\n", "a.csv", "no column with the name"),
        (b"a,a\n1,2\n", "a.csv", "different names"),
    ],
)  # fmt: skip
def test_a_hostile_file_is_refused_with_the_reason(tmp_path, content, name, text):
    (tmp_path / "file").write_bytes(content)
    (tmp_path / "scratch").mkdir()
    with pytest.raises(EngineError, match=text):
        read_upload(tmp_path / "file", name, tmp_path / "scratch", "")


def test_views_of_a_hostile_database_are_not_read(tmp_path):
    path = optuna_file(tmp_path / "a.db")
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE trial_values")
        db.execute("CREATE VIEW trial_values AS SELECT 1")
    with pytest.raises(EngineError, match="it has no table trial_values"):
        optuna.read_file(path)


def test_an_imported_run_is_a_run_that_cannot_be_searched_on(tmp_path, team, researcher, sign_in):
    client = sign_in(researcher)
    content = optuna_file(tmp_path / "a.db").read_bytes()
    answer = client.post("/runs/import/", {"file": SimpleUploadedFile("a.db", content)})
    assert answer.status_code == 302, errors_of(read(answer))
    assert "Waiting" in read(client.get(answer["Location"])).one("import-words").text
    import_all()
    assert client.get(answer["Location"]).status_code == 302
    run = Run.objects.get()
    assert (run.state, run.strategy, run.told, run.tags) == ("finished", "optuna", 11, ["imported"])
    assert run.reason == "imported from Optuna (a.db)"
    assert run.best_values == {"val_accuracy": 90.9, "size": 136.0}
    assert run.front["numbers"] == [3, 4, 5, 6, 7, 8, 9]  # the size is least at 2 and 3
    page = read(client.get(f"/runs/{run.pk}/"))
    assert page.one("run-imported").text == "imported run"
    assert not page.all("a", **{"data-testid": "run-clone"})
    assert client.get(f"/runs/{run.pk}/candidates/3/").status_code == 200
    assert client.get(f"/runs/{run.pk}/choices.json").status_code == 200
    assert "mobile study" in client.get("/runs/?q=strategy:optuna").content.decode()
    assert "mobile study" in client.get(f"/compare?runs={run.pk}").content.decode()
    assert client.get(f"/runs/{run.pk}/candidates.csv").status_code == 200
    names = [d["name"] for d in choices_of(run)["decisions"]]
    assert names == ["depth", "lr", "op"]
    assert "pool" in read(client.get(f"/runs/{run.pk}/candidates/3/")).one("imported-settings").text
    failed = client.get(f"/runs/{run.pk}/candidates/10/")
    assert "no value" not in read(failed).text and failed.status_code == 200
    repeating = read(client.get(f"/runs/{run.pk}/reproducing/"))
    assert repeating.one("reproducing")
    assert not repeating.all("details", **{"data-testid": "script-python"})
    assert allowed(run) == []
    with pytest.raises(ControlRefused):
        raise_budget(run, researcher, 50)
    with pytest.raises(KeepRefused, match="imported"):
        keep(run.candidates.get(number=3), researcher)


def test_the_same_content_is_imported_once(tmp_path, team, researcher, sign_in):
    (study,) = optuna.read_file(optuna_file(tmp_path / "a.db"))
    first, new = store_runs(team, researcher, [study], "a.db")
    again, none = store_runs(team, researcher, [study], "renamed.db")
    assert (new, none, again) == (1, 0, first)
    call_command("import_runs", str(mlflow_folder(tmp_path)), team=team.name)
    call_command("import_runs", str(tmp_path / "mlruns"), team=team.name)
    call_command("import_runs", str(tensorboard_folder(tmp_path)), team=team.name, name="mine")
    sources = sorted(ImportedRun.objects.values_list("source", flat=True))
    assert sources == ["mlflow", "optuna", "tensorboard"]
    assert Run.objects.filter(name="mine").exists()
    (tmp_path / "empty").mkdir()
    for name, text in (("empty", "no files of a tool"), ("nothing", "nothing: No such file")):
        with pytest.raises(CommandError, match=text):
            call_command("import_runs", str(tmp_path / name), team=team.name)


def test_a_refused_import_is_explained_next_to_its_field(tmp_path, researcher, sign_in):
    client = sign_in(researcher)
    assert errors_of(read(client.post("/runs/import/"))).keys() == {"file"}
    file = zipped(mlflow_folder(tmp_path))
    sent = {"file": SimpleUploadedFile("m.zip", file.read()), "objectives": "f1"}
    answer = client.post("/runs/import/", sent)
    import_all()
    errors = errors_of(read(client.get(answer["Location"])))
    assert "has no value 'f1': choose of params, val_error" in errors["objectives"]
    assert not Run.objects.exists()


def test_settings_become_decisions():
    rows = [{"lr": n / 100, "op": "ab"[n % 2], "same": 1} for n in range(30)] + [{}]
    decisions, choices = recorded_choices(rows)
    assert [(d.name, len(d.options)) for d in decisions] == [("lr", 6), ("op", 2)]
    assert decisions[0].options[0] == "0 to 0.0483"
    assert choices[0] == [0, 0] and choices[29] == [5, 1] and choices[30] == [-1, -1]
