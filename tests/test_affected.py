"""`make check` selects the tests that a change affects."""

from __future__ import annotations

import grimp
import pytest

from .affected import affected_tests


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    graph = grimp.ImportGraph()
    for importer, imported in {
        "tests.nasengine.pareto.test_volume": "nasengine.pareto.volume",
        "tests.workers.test_outage": "nasengine.pareto.volume",
        "tests.docs.test_true": "nasengine.core.settings",
    }.items():
        graph.add_import(importer=importer, imported=imported)
    return graph


def test_a_module_affects_its_mirror_and_the_tests_that_import_it(graph):
    assert affected_tests(["nasengine/pareto/volume.py"], graph) == [
        "tests/nasengine/pareto",
        "tests/nasengine/pareto/test_volume.py",
    ]


def test_slow_tests_run_only_if_they_changed(graph):
    assert "tests/workers/test_outage.py" not in affected_tests(
        ["nasengine/pareto/volume.py"], graph
    )
    changed = ["tests/workers/test_outage.py"]
    assert affected_tests(changed, graph) == changed


def test_documents_and_templates_affect_their_readers(graph):
    changed = ["docs/methods.md", "templates/base.html", "webapp/static/js/live.js"]
    assert affected_tests(changed, graph) == ["tests/docs", "tests/webapp/pages"]


def test_an_unread_file_affects_nothing(graph):
    assert affected_tests(["LICENSE"], graph) == []
