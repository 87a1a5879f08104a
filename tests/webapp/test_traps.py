"""Failures of other tools that no other test is about; the list is in architecture.test_traps."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.db import DataError, connection, transaction
from django.db.models import F
from django.test import RequestFactory

from nasengine.core.architecture import Architecture
from tests.fixtures.api import Caller
from tests.fixtures.factories import make_run, work_off
from webapp.architectures.network_drawing import MAX_PARTS, network_drawing
from webapp.common.downloads import PIECE, pieces_of, zipped
from webapp.common.ranges import resumable, source_of_bytes, source_of_file, source_of_zip
from webapp.events.models import Event
from webapp.runs.models import Candidate
from webapp.runs.timeline import timeline
from workers.celery import app

SPEC = {"space": "nb201", "objectives": ["error", "params"], "candidates": 2}


@pytest.mark.trap(3)
@pytest.mark.django_db
def test_the_tests_run_on_postgresql_which_refuses_nan_in_json(team):
    assert connection.vendor == "postgresql"
    run = make_run(team)
    for text in ('{"loss": NaN}', '{"log": "\\u0000"}'):
        with pytest.raises(DataError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO events_event (run_id, seq, kind, item) "
                "VALUES (%s, 999, 'x', %s::jsonb)",
                [run.pk, text],
            )
    assert not Event.objects.filter(seq=999).exists()


@pytest.mark.trap(7)
@pytest.mark.django_db
def test_an_architecture_is_the_same_after_the_database_has_sorted_its_keys(team):
    run = make_run(team, candidates=3)
    stored = Candidate.objects.get(run=run, number=0).proposal["architecture"]
    reordered = json.loads(json.dumps(stored), object_pairs_hook=lambda pairs: dict(pairs[::-1]))
    assert list(reordered) != list(stored)
    assert Architecture.from_json(reordered).id == Architecture.from_json(stored).id


@pytest.mark.trap(12)
@pytest.mark.django_db
def test_very_long_names_and_many_settings_are_refused_by_name(researcher):
    caller = Caller(researcher)
    many = {f"setting_{number}": "x" * 100 for number in range(1000)}
    for body, pointer in (
        ({"name": "x" * 200_000, "spec": SPEC}, "/name"),
        ({"name": "x", "spec": {**SPEC, "strategy_config": many}}, "/strategy_config"),
        ({"name": "x", "spec": SPEC, "tags": ["x" * 10_000]}, "/tags"),
    ):
        answer = caller.post("/runs", body)
        assert answer.status_code == 422
        assert any(error["pointer"].startswith(pointer) for error in answer.json()["errors"])


@pytest.mark.trap(13)
def test_a_network_of_thousands_of_parts_is_not_drawn_whole():
    part = {"name": "cell", "kind": "cell", "params": 1, "macs": 1, "outputs": [1, 2, 2]}
    graph = {"cells": [{"name": "normal"}]}

    def drawn(parts: int):
        return network_drawing({"input_shape": [3, 2, 2], "parts": [part] * parts}, graph)

    assert len(drawn(MAX_PARTS)["cells"][0]["edges"]) == MAX_PARTS
    assert drawn(MAX_PARTS + 1) is None and drawn(100_000) is None


@pytest.mark.trap(14)
def test_a_large_download_is_sent_in_small_pieces(tmp_path):
    file = tmp_path / "large"
    file.write_bytes(b"x" * (20 * PIECE + 1))
    sizes = [len(piece) for piece in pieces_of(file)]
    assert sizes == [PIECE] * 20 + [1]
    assert max(len(piece) for piece in zipped({"large": file})) < 2 * PIECE


@pytest.mark.trap(14)
@pytest.mark.parametrize("kind", ["file", "zip", "bytes"])
def test_an_interrupted_download_resumes_where_it_ended(kind, tmp_path):
    files = {"weights": tmp_path / "weights", "about": tmp_path / "about.json"}
    files["weights"].write_bytes(bytes(range(256)) * (2 * PIECE // 256) + b"end")
    files["about"].write_text("{}")

    def source():
        if kind == "zip":
            return source_of_zip(files)
        path = files["weights"]
        return source_of_file(path) if kind == "file" else source_of_bytes(path.read_bytes())

    def sent(**headers):
        request = RequestFactory().get("/", headers=headers)
        response = resumable(request, source(), "weights.bin", "application/zip")
        content = response.content if not response.streaming else b"".join(response)
        return response, content

    first, whole = sent()
    size, tag = len(whole), first["ETag"]
    assert (first.status_code, first["Accept-Ranges"]) == (200, "bytes")
    assert int(first["Content-Length"]) == size > 2 * PIECE
    if kind == "zip":
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            assert archive.testzip() is None
            assert archive.read("weights") == files["weights"].read_bytes()
    places = {0, 1, 30, 31, PIECE - 1, PIECE, PIECE + 1, size - 40, size - 1}
    for place in sorted(places):
        rest, content = sent(Range=f"bytes={place}-", If_Range=tag)
        assert rest.status_code == 206
        assert whole[:place] + content == whole, place
        assert rest["Content-Range"] == f"bytes {place}-{size - 1}/{size}"
        assert int(rest["Content-Length"]) == len(content)
    for header, expected in {
        "5-5": whole[5:6],
        "-7": whole[-7:],
        f"9-{size * 2}": whole[9:],
    }.items():
        assert sent(Range=f"bytes={header}")[1] == expected
    for header in (f"bytes={size}-", "bytes=-0"):
        beyond, content = sent(Range=header)
        assert (beyond.status_code, content) == (416, b"")
        assert beyond["Content-Range"] == f"bytes */{size}"
    for header in ("bytes=9-3", "bytes=-", "bytes=0-1,5-6", "lines=1-2", "bytes=x-"):
        assert sent(Range=header)[0].status_code == 200
    files["weights"].write_bytes(b"other weights" + whole)
    again, content = sent(Range="bytes=5-", If_Range=tag)
    assert (again.status_code, len(content) > size) == (200, True)
    assert again["ETag"] != tag


@pytest.mark.trap(19)
def test_a_worker_reserves_one_message_for_each_slot():
    assert app.conf.worker_prefetch_multiplier == 1


@pytest.mark.trap(36)
@pytest.mark.django_db
def test_a_candidate_that_ended_before_it_started_has_no_negative_duration(team):
    run = make_run(team, candidates=3)
    work_off(run)
    earlier = F("started_at") - timedelta(hours=1)
    assert Candidate.objects.filter(run=run, number=1).update(ended_at=earlier)
    bars = timeline(run)["bars"]
    assert bars and all(end >= start for _, start, end, *_ in bars)
