"""The form that uploads a data set; a worker reads the file and explains what is wrong with it."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings

from nasengine.core.pinned import MAX_NAME_LENGTH
from webapp.accounts.models import Team, User
from webapp.datasets.models import DataUpload
from webapp.datasets.services.storing import is_complete, upload_place
from webapp.datasets.services.uploads import request_again, request_upload
from webapp.uploads.forms import FileForm

ACCEPTED = ".zip,.npz,.csv,.txt"


class UploadForm(FileForm[DataUpload]):
    """A file, and the name of the data set; what was typed comes back with every message."""

    file = forms.FileField(
        label="File",
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
        error_messages={
            "required": "Choose a file: .zip, .npz, .csv or .txt.",
            "max_length": "The file's name is too long; rename it.",
        },
    )
    name = forms.CharField(
        label="Name",
        required=False,
        help_text="Searches refer to the data set by it. Default: the name of the file. A name "
        "that your team has becomes the next version.",
        widget=forms.TextInput(attrs={"placeholder": "flowers", "data-name-of": "field-file"}),
    )
    note = forms.CharField(
        label="Note", required=False, help_text="Where the data come from, for your team."
    )

    def file_help(self) -> str:
        return (
            f"At most {settings.DATA_MEGABYTES:,} MB, unpacked at most "
            f"{settings.DATA_UNPACKED_MEGABYTES:,} MB."
        )

    def keeps_file(self, job: DataUpload) -> bool:
        return job.has_file and is_complete(upload_place(job))

    def request(self, team: Team, user: User, file: Any, typed: dict[str, Any]) -> DataUpload:
        return request_upload(team, user, file, file.name, _named(typed, file.name))

    def request_again(self, job: DataUpload, typed: dict[str, Any]) -> None:
        request_again(job, _named(typed, job.file_name))


def _named(typed: dict[str, Any], file_name: str) -> dict[str, Any]:
    return {**typed, "name": typed["name"] or name_of(file_name)}


def name_of(file_name: str) -> str:
    """Return a data set's name made of the name of a file."""
    stem = PurePath(file_name).name.partition(".")[0].lower()
    return re.sub(r"[^a-z0-9._-]+", "-", stem).strip("-._")[:MAX_NAME_LENGTH] or "data"
