"""Comments: rendering, mentions, threads, who may do what, notices, audit, API, live pages."""

from __future__ import annotations

import json

import pytest
from django.db import IntegrityError, transaction

from tests.fixtures.api import Caller
from tests.fixtures.factories import make_run, work_off
from tests.fixtures.people import make_user
from webapp.accounts.models import AuditEntry
from webapp.api.models import Scope
from webapp.comments.mentions import to_html
from webapp.comments.models import Comment
from webapp.comments.services import MAX_TEXT, CommentRefused, add, delete, edit
from webapp.comments.targets import target_of
from webapp.comments.threads import SHOWN_THREADS, threads_of
from webapp.notices.models import Notice
from webapp.notices.services.dispatch import dispatch_all
from webapp.runs.models import Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(team, researcher):
    made = make_run(team, candidates=2)
    Run.objects.filter(pk=made.pk).update(created_by=researcher, name="nightly")
    return Run.objects.get(pk=made.pk)


@pytest.fixture
def target(run):
    return target_of("run", run.pk)


def notices_of(user) -> list[str]:
    dispatch_all()
    return [n.event.text for n in Notice.objects.filter(user=user).order_by("pk")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@ada look", {"ada"}),
        ("ask @Ada.", {"ada"}),
        ("(@ada, @bob.lee)", {"ada", "bob.lee"}),
        ("@bob.lee.", {"bob.lee"}),
        ("mail ada@bob.lee or x@ada", set()),
        ("`@ada` and [@ada](https://example.org)", set()),
        ("@adam @stranger @", set()),
        ("**@ada** and\n\n- @under_score", {"ada", "under_score"}),
    ],
)
def test_mentions_are_names_of_members_outside_code_and_links(text, found):
    html, names = to_html(text, ["ada", "bob.lee", "under_score"])
    assert names == found
    assert html.count("<strong>@") == len(found)


def test_a_comment_runs_no_script():
    html, _ = to_html(
        '<script>alert(1)</script> <b onclick="x">@ada</b> [x](javascript:x)', ["ada"]
    )
    assert "<script" not in html and "<b " not in html and 'href="javascript' not in html
    assert "<strong>@ada</strong>" in html


def test_a_mention_an_owner_and_a_thread_are_notified_once_each(
    target, team, researcher, curator, viewer, stranger
):
    first = add(target, curator, "Stalls. @vera @sten @carl: why?")
    assert notices_of(viewer) == [f"carl mentioned you in a comment on {target.title}"]
    assert notices_of(researcher) == [f"carl commented on {target.title}"]
    assert notices_of(stranger) == notices_of(curator) == []  # no member; the author
    add(target, viewer, "Too few candidates, @rosa.", first.pk)
    assert notices_of(curator) == [f"vera replied to a comment on {target.title}"]
    assert notices_of(researcher)[1:] == [f"vera mentioned you in a comment on {target.title}"]
    edit(first, curator, "Stalls. @vera @rosa")  # rosa was notified of this comment already
    assert len(notices_of(viewer)) == 1 and len(notices_of(researcher)) == 2
    delete(first, curator)
    assert notices_of(viewer) == []


def test_replies_stay_and_deleted_comments_without_any_are_not_shown(target, viewer, curator):
    first, lonely = add(target, viewer, "first"), add(target, viewer, "lonely")
    reply = add(target, curator, "second", first.pk)
    nested = add(target, viewer, "third", reply.pk)
    assert nested.reply_to_id == first.pk
    delete(first, viewer)
    delete(lonely, viewer)
    (thread,) = threads_of(target, viewer).shown
    assert thread.comment.text == "" and not thread.may_edit and not thread.may_delete
    assert [(one.comment.text, one.may_edit) for one in thread.replies] == [
        ("second", False),
        ("third", True),
    ]


def test_only_authors_change_and_authors_and_owners_delete(target, viewer, curator, owner):
    comment = add(target, viewer, "mine")
    for call in (lambda: edit(comment, curator, "x"), lambda: delete(comment, curator)):
        with pytest.raises(CommentRefused):
            call()
    edit(comment, viewer, "better")
    assert Comment.objects.get().edited_at is not None
    delete(comment, owner)
    with pytest.raises(CommentRefused):
        edit(Comment.objects.get(), viewer, "again")
    texts = [f"{verb} {target.title}" for verb in ("commented on", "changed a comment on",
                                                    "deleted a comment on")]  # fmt: skip
    rows = AuditEntry.objects.filter(kind="comment").order_by("pk")
    assert [row.text for row in rows] == texts
    assert [row.who for row in rows] == ["vera", "vera", "olga"]


@pytest.mark.parametrize(("text", "message"), [(" \n", "Write a text"), ("x" * 10_001, "10,001")])
def test_empty_and_long_texts_are_refused(target, viewer, text, message):
    assert MAX_TEXT == 10_000
    with pytest.raises(CommentRefused, match=message):
        add(target, viewer, text)


def test_the_database_refuses_a_comment_on_nothing_and_on_two_things(run, viewer):
    work_off(run)
    for columns in ({}, {"run": run, "candidate": run.candidates.get(number=1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Comment.objects.create(author=viewer, text="x", **columns)


def test_the_newest_threads_are_shown_with_the_same_queries(
    run, target, viewer, sign_in, django_assert_num_queries
):
    client, address = sign_in(viewer), f"/comments/run/{run.pk}/"
    add(target, viewer, "number 0")
    client.get(address)
    with django_assert_num_queries(8):
        client.get(address)
    for number in range(1, SHOWN_THREADS + 3):
        Comment.objects.create(run=run, author=viewer, text=f"number {number}")
    with django_assert_num_queries(8):
        page = client.get(address).content.decode()
    assert "number 3" in page and "number 2<" not in page and "Show 3 older" in page
    assert "number 2<" in client.get(f"{address}?all").content.decode()


def test_pages_have_comments_and_forms_work_without_scripts(
    team, viewer, curator, sign_in, make_entry
):
    client = sign_in(viewer)
    entry = make_entry(team, curator, "cell")
    run = make_run(team)
    candidate = entry.candidate
    pages = {
        f"/runs/{run.pk}/": ("run", run.pk),
        f"/runs/{candidate.run_id}/candidates/{candidate.number}/": ("candidate", candidate.pk),
        f"/architectures/{entry.pk}/": ("architecture", entry.pk),
    }
    for page, (kind, pk) in pages.items():
        assert f'hx-get="/comments/{kind}/{pk}/"' in client.get(page).content.decode()
        sent = client.post(f"/comments/{kind}/{pk}/", {"text": f"on a {kind}"})
        made = Comment.objects.latest("pk")
        assert sent.headers["Location"] == f"{page}#comment-{made.pk}"
        assert f"on a {kind}" in client.get(f"/comments/{kind}/{pk}/").content.decode()
    assert "Comments (1)" in client.get(f"/runs/{run.pk}/").content.decode()
    refused = client.post(f"/comments/run/{run.pk}/", {"text": ""})
    assert refused.status_code == 422 and "Write a text first." in refused.content.decode()
    own = Comment.objects.filter(run=run).get()
    assert sign_in(curator).post(f"/comments/{own.pk}/edit", {"text": "x"}).status_code == 403
    assert client.post(f"/comments/{own.pk}/edit", {"text": "changed"}).status_code == 302
    assert client.post(f"/comments/{own.pk}/burn").status_code == 404
    assert client.post(f"/comments/{own.pk}/delete").status_code == 302
    assert Comment.objects.get(pk=own.pk).text == ""


def test_programs_comment_with_a_token_that_may_write(run, viewer, curator, stranger, owner, team):
    work_off(run)
    caller, reader, outside = Caller(viewer), Caller(viewer, Scope.READ), Caller(stranger)

    def patch(by: Caller, pk: int, text: str):
        body = json.dumps({"text": text})
        return by.client.patch(f"/api/comments/{pk}", body, "application/json")

    made = caller.post("/comments", {"run": run.pk, "candidate": 1, "text": "see @carl"})
    row = made.json()
    assert made.status_code == 201 and (row["run"], row["candidate"]) == (run.pk, 1)
    assert notices_of(curator) and row["author"] == "vera"
    reply = {"run": run.pk, "candidate": 1, "text": "yes", "reply_to": row["id"]}
    assert Caller(curator).post("/comments", reply).json()["reply_to"] == row["id"]
    listed = reader.get("/comments", run=run.pk, candidate=1).json()["items"]
    assert [one["text"] for one in listed] == ["see @carl", "yes"]
    assert reader.get("/comments", run=run.pk).json()["items"] == []
    # The role is enough; the token, the team and the author are not always.
    assert reader.post("/comments", {"run": run.pk, "text": "x"}).status_code == 403
    assert outside.get("/comments", run=run.pk).status_code == 404
    assert outside.post("/comments", {"run": run.pk, "text": "x"}).status_code == 404
    for by, status in ((outside, 404), (reader, 403), (Caller(curator), 403), (caller, 200)):
        assert patch(by, row["id"], "better").status_code == status
    for by, status in ((outside, 404), (reader, 403), (Caller(curator), 403), (Caller(owner), 200)):
        assert by.client.delete(f"/api/comments/{row['id']}").status_code == status
    assert patch(caller, row["id"], "again").status_code == 404
    for wrong in ({}, {"run": run.pk, "architecture": 1}, {"architecture": 1, "candidate": 1}):
        assert caller.post("/comments", {**wrong, "text": "x"}).status_code == 422
    assert caller.post("/comments", {"run": run.pk, "text": " "}).status_code == 422
    assert caller.post("/comments", {"run": run.pk, "text": "x", "reply_to": 9}).status_code == 422


def test_a_person_who_left_is_not_notified_and_the_comment_stays(target, team, viewer, curator):
    comment = add(target, curator, "@vera look")
    viewer.memberships.all().delete()
    assert notices_of(viewer) == []
    gone = make_user("gone", team)
    add(target, gone, "bye", comment.pk)
    gone.delete()
    (thread,) = threads_of(target, curator).shown
    assert thread.replies[0].comment.author is None and "bye" in thread.replies[0].html
