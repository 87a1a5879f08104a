"""Paths in search settings: a member reads data of the team, and no other file of the server."""

from __future__ import annotations

import pytest
from django.conf import settings

from tests.fixtures.factories import make_table, table_text
from tests.fixtures.html_reader import errors_of, read

pytestmark = pytest.mark.django_db
FORM = {
    "name": "x",
    "space": "nb201",
    "strategy": "random",
    "dataset": "made",
    "objectives": ["error"],
    "estimator": "table",
}


@pytest.fixture(autouse=True)
def data_roots(monkeypatch, tmp_path):
    """The roots of a new installation, with `var` in a temporary folder."""
    roots = settings.PARETOSCOPE_DATA_ROOTS.replace(str(settings.VAR_DIR), str(tmp_path / "var"))
    monkeypatch.setenv("PARETOSCOPE_DATA_ROOTS", roots)
    return tmp_path / "var" / "data"


def message(client, path: str) -> str:
    page = read(client.post("/runs/new", {**FORM, "estimator_config.path": path}))
    return errors_of(page)["estimator_config.path"]


def test_a_researcher_reads_no_line_of_server_files(researcher, sign_in, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("SECRET_KEY=do-not-show\nrow\n")
    client = sign_in(researcher)
    told = {message(client, str(path)).replace(str(path), "?") for path in (secret, "/etc/passwd")}
    told.add(message(client, f"{tmp_path}/none.csv").replace(f"{tmp_path}/none.csv", "?"))
    assert len(told) == 1 and "outside of the folders" in told.pop()


def test_files_in_var_data_and_tables_of_the_team_are_read(team, researcher, sign_in, data_roots):
    data_roots.mkdir(parents=True)
    (data_roots / "own.csv").write_text(table_text())
    client = sign_in(researcher)
    own = {"estimator_config.path": f"{data_roots}/own.csv", "estimator_config.architecture": "net"}
    own["estimator_config.columns"] = "error=acc:100-x:%"
    assert client.post("/runs/new", {**FORM, **own}).status_code == 302
    make_table(team)
    form = {**FORM, "estimator_config.path": "table:made"}
    assert client.post("/runs/new", form).status_code == 302


def test_the_test_part_of_images_is_checked_too(researcher, sign_in, data_roots, tmp_path):
    form = {**FORM, "estimator": "train", "dataset": "images"}
    form |= {"dataset_config.path": f"{data_roots}/a", "dataset_config.test_path": str(tmp_path)}
    page = read(sign_in(researcher).post("/runs/new", form))
    assert "outside of the folders" in errors_of(page)["dataset_config.test_path"]
