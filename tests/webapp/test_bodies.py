"""Bodies of requests: limits before sign-in and after it, and what a refused client sees."""

from __future__ import annotations

import tempfile

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import Client

from tests.fixtures.people import make_user
from webapp.asgi import application
from webapp.limits import MAX_FORM_BYTES, MAX_SIGNED_OUT_BYTES, MEGABYTE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]
CHUNK = b"x" * 50_000


@pytest.fixture
def cookie(team):
    client = Client()
    user = make_user("rosa", team)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return f"sessionid={client.cookies['sessionid'].value}"


async def status(path: str, size: int, cookies: str = "", declared: bool = True, length=b""):
    """Post so many bytes in chunks; return the status and how many bytes the server took."""
    headers = [
        (b"host", b"127.0.0.1"),
        (b"content-type", b"text/csv"),
        (b"cookie", cookies.encode()),
    ]
    named = (b"content-length", length or str(size).encode())
    headers.append(named if declared else (b"transfer-encoding", b"chunked"))
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": path}
    scope |= {"raw_path": path.encode(), "query_string": b"", "headers": headers}
    client = ApplicationCommunicator(application, scope)
    left = size
    while left > 0:
        part, left = CHUNK[:left], left - len(CHUNK)
        await client.send_input({"type": "http.request", "body": part, "more_body": left > 0})
    if not size:
        await client.send_input({"type": "http.request", "body": b"", "more_body": False})
    answer = await client.receive_output(timeout=120)
    unread = client.input_queue.qsize()
    await client.receive_output(timeout=120)
    await client.wait(timeout=120)
    return answer["status"], unread


@pytest.mark.parametrize("declared", [True, False])
async def test_without_a_session_only_a_small_form_is_read(declared):
    for path in ("/sign-in/", "/datasets/tables/new", "/nothing", "/healthz"):
        code, unread = await status(path, 30 * MEGABYTE, declared=declared)
        assert code == 413, path
        assert unread > 590  # of 600 chunks
    code, _ = await status("/sign-in/", MAX_SIGNED_OUT_BYTES, declared=declared)
    assert code != 413


@pytest.mark.parametrize(
    "cookies", ["sessionid=" + "a" * 32, 'sessionid="\\000"', "sessionid", "\xff"]
)
async def test_a_wrong_session_is_no_session(cookies):
    assert (await status("/datasets/tables/new", MEGABYTE, cookies))[0] == 413


@pytest.mark.parametrize("declared", [True, False])
async def test_signed_in_users_send_forms_and_only_the_import_takes_more(
    cookie, declared, settings
):
    settings.TABLE_MEGABYTES = 5
    big = MAX_FORM_BYTES + 1
    assert (await status("/runs/new", MAX_FORM_BYTES, cookie, declared))[0] != 413
    assert (await status("/runs/new", big, cookie, declared))[0] == 413
    assert (await status("/datasets/tables/new", big, cookie, declared))[0] != 413
    code, unread = await status("/datasets/tables/new", 10 * MEGABYTE, cookie, declared)
    assert (code, unread) == (413, 0)  # read and dropped, so that a browser shows the answer


@pytest.mark.parametrize("length", [b"-1", b"1e9", b"x", b"9" * 5000])
async def test_an_absurd_length_is_refused_or_ignored(length):
    code, _ = await status("/sign-in/", 10, length=length)
    assert 400 <= code < 500


async def test_a_large_upload_is_kept_on_disk(cookie, settings, monkeypatch):
    """Django's own spooling: a body beyond this size is in a file, not in memory."""
    files = []
    real = tempfile.SpooledTemporaryFile

    def spooled(*args, **kwargs):
        files.append(real(*args, **kwargs))
        return files[-1]

    monkeypatch.setattr("django.core.handlers.asgi.tempfile.SpooledTemporaryFile", spooled)
    await status("/datasets/tables/new", 10 * MEGABYTE, cookie)
    assert files[0]._rolled
