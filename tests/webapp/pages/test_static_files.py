"""Addresses of static files: they change with the content, and browsers keep them."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest
from django.contrib.staticfiles import finders
from django.test import Client, RequestFactory
from django.test.utils import override_settings

from webapp.site.static_files import VersionedFilesMiddleware, VersionedStorage, version

pytestmark = pytest.mark.django_db


def test_a_page_has_scripts_of_one_version_that_browsers_keep():
    page = Client().get("/sign-in/").content.decode()
    addresses = re.findall(r'(?:src|href)="(/static/[^"#]+)', page)
    assert {address.split("/")[2] for address in addresses} == {version()}
    (script,) = (address for address in addresses if address.endswith("frame.js"))
    answer = Client().get(script)
    assert (answer.status_code, "immutable" in answer["Cache-Control"]) == (200, True)
    imported = re.search(rb'from "(\./[^"]+)"', b"".join(answer.streaming_content))
    assert imported
    module = urljoin(script, imported[1].decode())
    assert module.startswith(f"/static/{version()}/")
    assert "immutable" in Client().get(module)["Cache-Control"]


def test_other_versions_are_not_found_and_plain_addresses_are_kept_shortly():
    assert Client().get("/static/000000000000/js/frame.js").status_code == 404
    assert Client().get("/static/css/plain.css")["Cache-Control"] == "max-age=60, public"


def test_the_version_changes_with_the_content_of_any_file(tmp_path):
    versions = set()
    with override_settings(STATICFILES_DIRS=[tmp_path]):
        finders.get_finder.cache_clear()
        try:
            for name, content in (("a.js", "1"), ("a.js", "2"), ("b.js", ""), ("b.js", "1")):
                (tmp_path / name).write_text(content)
                versions.add(version.__wrapped__())
        finally:
            finders.get_finder.cache_clear()
    assert len(versions) == 4


def test_a_file_edited_while_the_server_runs_is_served_whole_and_not_kept(tmp_path):
    with override_settings(STATICFILES_DIRS=[tmp_path]):
        finders.get_finder.cache_clear()
        try:
            (tmp_path / "a.css").write_text("short")
            served = VersionedFilesMiddleware(lambda request: None)
            for content in ("short", "much longer", "longer still"):
                if content != "short":
                    (tmp_path / "a.css").write_text(content)
                answer = served(RequestFactory().get(f"/static/{version()}/a.css"))
                assert b"".join(answer.streaming_content).decode() == content
                assert int(answer["Content-Length"]) == len(content)
                assert ("immutable" in answer["Cache-Control"]) == (content == "short")
                assert ("no-store" in answer["Cache-Control"]) == (content != "short")
        finally:
            finders.get_finder.cache_clear()


def test_a_server_under_development_has_plain_addresses(settings):
    settings.DEBUG = True
    assert VersionedStorage().url("js/frame.js") == "/static/js/frame.js"
