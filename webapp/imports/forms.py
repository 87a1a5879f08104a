"""The form that imports runs of other tools."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from webapp.accounts.models import Team, User
from webapp.uploads.forms import FileForm

from .jobs import request_import
from .models import RunImport


class ImportRunsForm(FileForm[RunImport]):
    """A file with runs; what was typed comes back with every message."""

    file = forms.FileField(
        label="File",
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".db,.sqlite,.sqlite3,.zip,.csv"}),
        error_messages={"required": "Choose a file: .db, .zip or .csv."},
    )
    name = forms.CharField(
        label="Name",
        required=False,
        help_text="Name of the run if the file holds one. Default: its name in the file.",
    )
    objectives = forms.CharField(
        label="Objectives",
        required=False,
        help_text="Measured values that count, separated by commas, each with its better "
        "direction. Default: up to three that most candidates have; of Optuna those of the study.",
        widget=forms.TextInput(attrs={"placeholder": "val_acc:higher, size:lower"}),
    )

    def __init__(self, *args: Any, errors: dict[str, str] | None = None, **kwargs: Any):
        """Show an empty form, or that of an import that failed."""
        super().__init__(*args, **kwargs)
        if errors:
            self.fields["file"].required = False  # its message is that of the import
            self.full_clean()
            self.add_messages(errors)

    def file_help(self) -> str:
        return f"At most {settings.DATA_MEGABYTES:,} MB."

    def request(self, team: Team, user: User, file: Any, typed: dict[str, Any]) -> RunImport:
        return request_import(team, user, file, file.name, typed)
