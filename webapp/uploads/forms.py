"""A form with a file that a job reads: what was typed comes back with every message."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from nasengine.core.errors import InvalidSettings
from webapp.accounts.models import Team, User
from webapp.common.forms import SiteForm

from .models import UploadJob

CHOOSE_AGAIN = "Choose the file again: a browser does not keep it."
J = TypeVar("J", bound=UploadJob)


class FileForm(SiteForm, Generic[J]):
    """A form with the field `file`, for a new job or for one that ended without a result.

    A subclass implements `request`, and `keeps_file` and `request_again` if files are kept.

    Attributes:
        job: the job whose file and texts are shown; None in an empty form.
        kept: whether its file is stored, so that none has to be chosen.
    """

    def __init__(self, *args: Any, job: J | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.job = job
        self.kept = job is not None and self.keeps_file(job)
        self.fields["file"].required = not self.kept
        kept = (
            f"Choose no file to keep {job.file_name}, which is stored. "
            if job is not None and self.kept
            else ""
        )
        self.fields["file"].help_text = kept + self.file_help()

    def file_help(self) -> str:
        """Return the help text of the file."""
        raise NotImplementedError

    def keeps_file(self, job: J) -> bool:
        """Return whether the file of a job that ended is stored."""
        return False

    def request(self, team: Team, user: User, file: Any, typed: dict[str, Any]) -> J:
        """Store the file and request that a job reads it."""
        raise NotImplementedError

    def request_again(self, job: J, typed: dict[str, Any]) -> None:
        """Request that the stored file is read again."""
        raise NotImplementedError

    def requested(self, team: Team, user: User) -> J | None:
        """Request the job; None if a field has a message."""
        self.full_clean()
        typed = {name: self.cleaned_data.get(name, "") for name in self.fields if name != "file"}
        file = self.cleaned_data.get("file")
        try:
            if file is not None:
                return self.request(team, user, file, typed)
            if self.job is not None and self.kept:
                self.request_again(self.job, typed)
                return self.job
        except InvalidSettings as error:
            self.add_messages(error.errors)
        if not self.kept and "file" not in self.errors:
            self.add_error("file", CHOOSE_AGAIN)
        return None

    def add_messages(self, errors: dict[str, str]) -> None:
        """Show each message next to its field, or next to the file if there is no such field."""
        for name, text in errors.items():
            self.add_error(name if name in self.fields else "file", text)
