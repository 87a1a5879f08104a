"""The form that imports a table; the service checks it and says what is wrong."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings

from nasengine import catalog
from nasengine.core.errors import InvalidSettings
from nasengine.estimators.tables.nb201_layout import ARCHITECTURE

from .services.column_mapping import Mapping
from .services.importing import Import, import_table

SPLITTER = re.compile(r"[,\n]")
FILE_AGAIN = "A browser keeps no file: choose it again."


class ImportForm(forms.Form):
    """Everything typed comes back with every message beside its field; the file cannot."""

    file = forms.FileField(
        label="File",
        allow_empty_file=True,
        error_messages={
            "required": "Choose a file: .csv or .csv.gz with a header row.",
            "max_length": "The file's name is too long; rename it.",
        },
    )
    name = forms.CharField(label="Name", required=False, empty_value="")
    space = forms.CharField(label="Space", required=False)
    columns = forms.CharField(label="Columns", required=False)
    report = forms.CharField(label="Only reported", required=False)
    architecture = forms.CharField(label="Architecture", required=False)
    datasets = forms.CharField(label="Data sets", required=False)
    note = forms.CharField(label="Note", required=False)

    HELP = {
        "file": "CSV in UTF-8 with a header row, gzip'd or not; at most {megabytes} MB when "
        "unpacked. It is read as text and nothing else.",
        "name": "What runs name it by: small letters, digits, dots, hyphens and underscores.",
        "space": "Whose architectures the rows are. They are then held to it.",
        "columns": "One a line: OBJECTIVE=COLUMN:CONVERSION:UNIT:DIRECTION, the last three as "
        "needed. Empty for a table with the columns of NAS-Bench-201.",
        "report": "In the same form; shown with a candidate, and steering nothing.",
        "architecture": "The column with the architecture's text, id or canonical JSON; or one "
        "for each decision of the space, separated by commas. Empty: {architecture}.",
        "datasets": "Words a run may give as its data set, separated by commas. Empty: the name, "
        "or those of NAS-Bench-201.",
        "note": "Where it comes from, for your team.",
    }
    EXAMPLES = {
        "name": "nb201",
        "columns": "error=val_acc:100-x:%\nlatency@board=ms::ms\nspeed@a100=tp::images/s:higher",
        "report": "test_error=test_acc:100-x:%",
        "architecture": ARCHITECTURE,
        "datasets": "cifar10, cifar100",
    }
    LONG = ("columns", "report")

    def imported(self, team: Any, user: Any) -> Import | None:
        """The table, or None with every message in `errors`."""
        self.full_clean()
        typed = self.cleaned_data
        file = typed.get("file")
        if file is not None:
            try:
                name, note = typed.get("name", ""), typed.get("note", "")
                return import_table(team, user, file, name, self._mapping(), note=note)
            except InvalidSettings as error:
                for field, text in error.errors.items():
                    self.add_error(field, text)
        if "file" not in self.errors:
            self.add_error("file", FILE_AGAIN)
        return None

    def rows(self) -> list[dict[str, Any]]:
        """What the page shows of each field, in order."""
        megabytes = settings.TABLE_MEGABYTES
        return [
            {
                "name": name,
                "label": field.label,
                "help": self.HELP[name].format(megabytes=megabytes, architecture=ARCHITECTURE),
                "example": self.EXAMPLES.get(name, ""),
                "long": name in self.LONG,
                "typed": (self.data.get(name) or "") if self.is_bound else "",
                "errors": self.errors.get(name, []) if self.is_bound else [],
                "choices": catalog.names("spaces") if name == "space" else [],
            }
            for name, field in self.fields.items()
        ]

    def _mapping(self) -> Mapping:
        typed = self.cleaned_data
        many = {
            name: tuple(SPLITTER.split(typed.get(name, "")))
            for name in ("columns", "report", "datasets")
        }
        return Mapping(
            space=typed.get("space", ""), architecture=typed.get("architecture", ""), **many
        )
