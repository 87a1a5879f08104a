"""Sign-in, sign-out, lock-out, safe redirects and the account page."""

from __future__ import annotations

import pytest
from axes.models import AccessAttempt
from django.test import Client

from tests.fixtures.html_reader import read
from tests.fixtures.people import PASSWORD

pytestmark = pytest.mark.django_db
SIGN_IN = "/sign-in/"


def attempt(client: Client, name: str, password: str, **more: str):
    return client.post(SIGN_IN, {"username": name, "password": password, **more})


def test_signing_in_redirects_to_the_requested_page(researcher, client):
    assert client.get("/runs/?state=failed").headers["Location"] == (
        "/sign-in/?next=/runs/%3Fstate%3Dfailed"
    )
    answer = attempt(client, "rosa", PASSWORD, next="/runs/?state=failed")
    assert answer.headers["Location"] == "/runs/?state=failed"
    assert client.get("/runs/").status_code == 200
    assert client.get(SIGN_IN).headers["Location"] == "/"


@pytest.mark.parametrize("elsewhere", ["https://evil.test/", "//evil.test", "javascript:alert(1)"])
def test_next_never_redirects_to_another_site(researcher, client, elsewhere):
    assert attempt(client, "rosa", PASSWORD, next=elsewhere).headers["Location"] == "/"


def test_a_wrong_password_and_an_unknown_name_look_alike_and_the_name_stays(researcher, client):
    wrong = attempt(client, "rosa", "wrong")
    unknown = attempt(client, "nobody", "wrong")
    assert wrong.status_code == unknown.status_code == 200
    assert read(wrong).one("sign-in-fault").text == read(unknown).one("sign-in-fault").text
    assert b'value="rosa"' in wrong.content and b"wrong" not in wrong.content


@pytest.mark.parametrize("name", ["", "x" * 100_000, "ro\0sa", "<script>", "🦊"])
def test_unusual_names_are_refused_like_wrong_ones(client, name):
    assert attempt(client, name, "p\0w").status_code == 200


def test_ten_failures_lock_only_that_name_from_that_address(researcher, owner, client, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = attempt(client, "rosa", "wrong")
    assert answer.status_code == 429
    assert b"15 minutes" in answer.content
    assert attempt(client, "rosa", PASSWORD).status_code == 429
    assert "_auth_user_id" not in client.session
    assert attempt(Client(), "olga", PASSWORD).status_code == 302
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert attempt(elsewhere, "rosa", PASSWORD).status_code == 302


def test_signing_out_twice_is_not_an_error(researcher, sign_in):
    client = sign_in(researcher)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").headers["Location"] == SIGN_IN
    assert client.post("/sign-out/").headers["Location"] == SIGN_IN
    assert client.get("/runs/").status_code == 302


def test_a_disabled_account_is_signed_out_at_once(researcher, sign_in):
    client = sign_in(researcher)
    researcher.is_active = False
    researcher.save()
    assert client.get("/runs/").status_code == 302


def test_an_htmx_request_of_a_signed_out_user_reloads_the_page(client):
    answer = client.get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (401, "true")


def test_forms_need_their_csrf_token(researcher):
    client = Client(enforce_csrf_checks=True)
    answer = attempt(client, "rosa", PASSWORD)
    assert answer.status_code == 403
    assert read(answer).one("error-csrf").text.startswith("This form has expired")


def test_the_account_shows_teams_and_changes_the_password(researcher, sign_in):
    client = sign_in(researcher)
    page = read(client.get("/account/"))
    assert page.one("my-teams").rows() == [["Vision", "Researcher"]]
    form = {"old_password": PASSWORD, "new_password1": "another long one 8"}
    answer = client.post("/account/", {**form, "new_password2": "another long one 9"})
    assert b'data-error="new_password2"' in answer.content
    assert client.post("/account/", {**form, "new_password2": "12345"}).status_code == 200
    researcher.refresh_from_db()
    assert researcher.check_password(PASSWORD)
    answer = client.post("/account/", {**form, "new_password2": "another long one 8"})
    assert answer.headers["Location"] == "/account/"
    researcher.refresh_from_db()
    assert researcher.check_password("another long one 8")
    assert client.get("/account/").status_code == 200


def test_cookies_are_hidden_from_scripts_and_other_sites(researcher, client):
    attempt(client, "rosa", PASSWORD)
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


def old_password(client: Client, guess: str, **headers: str):
    form = {"old_password": guess, "new_password1": "another long one 8"}
    return client.post("/account/", {**form, "new_password2": "another long one 8"}, **headers)


def test_wrong_old_passwords_lock_the_account_page_and_the_sign_in(researcher, sign_in, settings):
    client = sign_in(researcher)
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        assert b'data-error="old_password"' in old_password(client, "wrong").content
    assert old_password(client, "wrong").status_code == 429
    answer = old_password(client, PASSWORD)
    assert answer.status_code == 429 and b"15 minutes" in answer.content
    assert attempt(Client(), "rosa", PASSWORD).status_code == 429
    researcher.refresh_from_db()
    assert researcher.check_password(PASSWORD)
    stored = AccessAttempt.objects.get()
    assert "wrong" not in stored.post_data and "another long" not in stored.post_data


def test_the_right_old_password_forgets_the_wrong_ones(researcher, sign_in, settings):
    client = sign_in(researcher)
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        old_password(client, "wrong")
    assert old_password(client, PASSWORD).status_code == 302
    assert not AccessAttempt.objects.exists()


def test_the_admin_has_no_other_form_for_the_own_password(curator, sign_in):
    client = sign_in(curator)
    assert client.get("/admin/password_change/")["Location"] == "/account/"
    assert client.post("/admin/password_change/", {})["Location"] == "/account/"


@pytest.mark.parametrize("name", ["x" * 151, "x" * 300, "x" * 100_000])
def test_a_name_that_is_too_long_is_refused_like_a_wrong_one(client, name):
    answer = attempt(client, name, "x" * 5000)
    assert (
        read(answer).one("sign-in-fault").text
        == read(attempt(client, "x", "x")).one("sign-in-fault").text
    )


LOCKED = 429


def guess_from(forwarded: str, direct: str = "127.0.0.1") -> int:
    client = Client(REMOTE_ADDR=direct, headers={"X-Forwarded-For": forwarded})
    return attempt(client, "rosa", "wrong").status_code


def test_a_forwarded_address_without_a_proxy_evades_no_lock(researcher, settings):
    answers = [guess_from(f"192.0.2.{i}") for i in range(settings.AXES_FAILURE_LIMIT)]
    assert answers[-1] == LOCKED


def test_behind_a_proxy_the_address_that_it_saw_counts(researcher, settings):
    settings.PROXY_COUNT = 1
    answers = [guess_from(f"192.0.2.{i}, 198.51.100.7") for i in range(settings.AXES_FAILURE_LIMIT)]
    assert answers[-1] == LOCKED
    assert guess_from("198.51.100.7:4711") == LOCKED
    assert guess_from("192.0.2.1, 198.51.100.8") == 200
    settings.PROXY_COUNT = 2
    assert guess_from("198.51.100.7, 10.0.0.1") == LOCKED


@pytest.mark.parametrize(
    "forwarded",
    [
        "unknown",
        "",
        ",",
        "_hidden",
        "1.2.3",
        "[::1",
        "fe80::1%eth0",
        "::ffff:192.0.2.1",
        "\0",
        "x" * 9999,
    ],
)
@pytest.mark.parametrize("proxies", [0, 1, 3])
def test_a_malformed_forwarded_address_is_no_error(researcher, settings, forwarded, proxies):
    settings.PROXY_COUNT = proxies
    assert guess_from(forwarded) == 200
    assert guess_from(forwarded, direct="unknown") == 200
    assert guess_from(forwarded, direct="") == 200
