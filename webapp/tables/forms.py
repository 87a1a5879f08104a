"""The form that imports a table; a job reads the file and explains what is wrong with it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from nasengine import catalog
from nasengine.estimators.tables.nb201_layout import ARCHITECTURE
from webapp.accounts.models import Team, User
from webapp.common.forms import KeepingSelect
from webapp.uploads.forms import FileForm

from .models import TableImport
from .services.import_jobs import has_file, request_again, request_import

COLUMNS_EXAMPLE = "error=val_acc:100-x:%\nlatency@board=ms::ms\nspeed@a100=tp::images/s:higher"


class WideCharField(forms.CharField):
    """A text field over the whole width of the form."""

    wide = True


class WideFileField(forms.FileField):
    """A file field over the whole width of the form."""

    wide = True


def _text(label: str, help_text: str, example: str = "") -> forms.CharField:
    widget = forms.TextInput(attrs={"placeholder": example} if example else {})
    return forms.CharField(label=label, required=False, help_text=help_text, widget=widget)


def _lines(label: str, help_text: str, example: str) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3, "placeholder": example})
    return WideCharField(label=label, required=False, help_text=help_text, widget=widget)


class ImportForm(FileForm[TableImport]):
    """A file with the meaning of its columns; what was typed comes back with every message."""

    file = WideFileField(
        label="File",
        allow_empty_file=True,
        widget=forms.FileInput(
            attrs={
                "accept": ".csv,.json,.jsonl,.gz,.zip,text/csv,application/json,application/gzip,"
                "application/zip"
            }
        ),
        error_messages={
            "required": "Choose a file: .csv or .csv.gz with a header row, .json with a list of "
            "objects, or a benchmark's .zip.",
            "max_length": "The file's name is too long; rename it.",
        },
    )
    name = _text(
        "Name",
        "Runs refer to the table by it: lower-case letters, digits, dots, hyphens, underscores.",
        "nb201",
    )
    space = forms.CharField(
        label="Space",
        required=False,
        help_text="Search space of the rows; every row is validated against it. Rows that no "
        "built-in space reads define a space of their own: decision-list.",
        widget=KeepingSelect(),
    )
    columns = _lines(
        "Columns",
        "One per line: OBJECTIVE=COLUMN:CONVERSION:UNIT:DIRECTION; the last three are optional. "
        "Empty for a table with the columns of NAS-Bench-201.",
        COLUMNS_EXAMPLE,
    )
    report = _lines(
        "Reported columns",
        "In the same form; shown with a candidate, never used by the search.",
        "test_error=test_acc:100-x:%",
    )
    architecture = _text(
        "Architecture",
        "Column with the architecture's text, id or canonical JSON; or one column for each "
        f"decision of the space, separated by commas. Default: {ARCHITECTURE}, or all columns of "
        "whole numbers and names that are neither objectives nor reported.",
        ARCHITECTURE,
    )
    datasets = _text(
        "Data sets",
        "Names that a run can give as its data set, separated by commas. Default: the table's "
        "name, or the data sets of NAS-Bench-201.",
        "cifar10, cifar100",
    )
    note = _text("Note", "Where the table comes from, for your team.")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        names = [("", "as the rows say")] + [(name, name) for name in catalog.names("spaces")]
        self.fields["space"].widget.choices = names

    def file_help(self) -> str:
        return (
            "CSV in UTF-8 with a header row or JSON with a list of objects, optionally compressed "
            "with gzip, or the archive of a study's benchmark, which fills in the other fields; "
            f"at most {settings.TABLE_MEGABYTES} MB uncompressed."
        )

    def keeps_file(self, job: TableImport) -> bool:
        return has_file(job)

    def request(self, team: Team, user: User, file: Any, typed: dict[str, Any]) -> TableImport:
        return request_import(team, user, file, file.name, typed)

    def request_again(self, job: TableImport, typed: dict[str, Any]) -> None:
        request_again(job, typed)
