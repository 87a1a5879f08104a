"""The study of one click: five methods on the table that comes with the engine."""

from __future__ import annotations

import io
from dataclasses import replace
from urllib.parse import parse_qs

import pytest
from django.core.management import call_command

from nasengine.estimators.tables.packaged import packaged_table
from webapp.accounts.models import Team
from webapp.runs.models import Study
from webapp.studies.services.quick import METHODS, NAME, launch_quick_study, quick_plan
from webapp.tables.labels import space_settings
from webapp.tables.models import BenchmarkTable
from webapp.tables.queries import searches_of
from webapp.tables.services.checking import check_again
from webapp.tables.services.packaged import import_packaged_table
from webapp.tables.services.resolve import resolve

pytestmark = pytest.mark.django_db
TABLE = packaged_table("digits-nb201")


def test_the_packaged_table_is_imported_whole_and_once(team, researcher):
    first = import_packaged_table(team, researcher, TABLE.name)
    again = import_packaged_table(team, None, TABLE.name)
    assert (first.new, again.new) == (True, False)
    assert first.table == again.table == BenchmarkTable.objects.get()
    assert check_again(first.table).startswith("digits-nb201 v1: 4,096 rows, unchanged")
    assert (first.table.rows, first.table.digest) == (4096, TABLE.digest)
    assert first.table.space_config == TABLE.space_config
    assert first.table.fit["fits"] == first.table.fit["size"] == 4096
    assert space_settings(first.table) == (
        "cells 1, channels 4, operations none skip_connect nor_conv_1x1 nor_conv_3x3"
    )
    assert [one["name"] for one in first.table.objectives] == [
        "error",
        "params",
        "macs",
        "latency@cpu",
    ]


def test_a_new_installation_has_the_table(db):
    call_command("first_steps", no_first_run=True, stdout=io.StringIO())
    call_command("first_steps", no_first_run=True, stdout=io.StringIO())
    assert BenchmarkTable.objects.get().team == Team.objects.get()


def test_searching_the_table_fills_its_space_settings_in(team, researcher, sign_in):
    table = import_packaged_table(team, researcher, TABLE.name).table
    (link,) = searches_of(table)
    typed = parse_qs(link["query"])
    assert typed["space_config.channels"] == ["4"]
    assert typed["space_config.operations"] == TABLE.space_config["operations"]
    page = sign_in(researcher).get(f"/runs/new?{link['query']}").content.decode()
    assert page.count("checked") >= 4


def test_settings_that_the_table_was_not_measured_with_are_refused(team, researcher):
    import_packaged_table(team, researcher, TABLE.name)
    spec = replace(quick_plan().spec, space_config={"cells": 1, "channels": 8})
    errors = resolve(team, spec).errors
    assert errors.keys() == {"space_config.channels", "space_config.operations"}
    assert errors["space_config.channels"] == "must be 4 for the table digits-nb201 (got 8)"


def test_five_methods_run_at_five_seeds_on_the_teams_own_table(team, researcher):
    study = launch_quick_study(team, researcher)
    runs = study.runs.all()
    assert sorted((run.strategy, run.seed) for run in runs) == sorted(
        (method, seed) for method in METHODS for seed in range(5)
    )
    assert {run.benchmark_table for run in runs} == {BenchmarkTable.objects.get(team=team)}
    assert {run.created_by for run in runs} == {researcher}
    assert {run.spec["space_config"]["channels"] for run in runs} == {4}


def test_every_launch_has_a_name_of_its_own(team, researcher, other_team):
    names = [launch_quick_study(team, researcher).name for _ in range(3)]
    assert names == [NAME, f"{NAME} (2)", f"{NAME} (3)"]
    assert launch_quick_study(other_team, None).name == NAME


def test_the_button_launches_and_leads_to_the_study(team, researcher, sign_in):
    client = sign_in(researcher)
    assert b"quick-study" in client.get("/studies/").content
    assert b"quick-study" in client.get("/studies/new").content
    answer = client.post("/studies/quick")
    study = Study.objects.get(team=team)
    assert answer.status_code == 302
    assert answer.url == f"/studies/{study.pk}/"
    assert client.get("/studies/quick").status_code == 405


def test_who_may_not_launch_sees_no_button_and_is_refused(team, viewer, sign_in):
    client = sign_in(viewer)
    assert b"quick-study" not in client.get("/studies/").content
    assert client.post("/studies/quick").status_code == 403
    assert not Study.objects.exists()
