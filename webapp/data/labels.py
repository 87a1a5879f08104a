"""Texts about an upload, for pages and the command line."""

from __future__ import annotations

from webapp.datasets.models import DataUpload
from webapp.uploads.models import ImportState

WORDS = {
    ImportState.WAITING: "Waiting for a coordinator to start it.",
    ImportState.CANCELLED: "Cancelled; nothing was stored.",
    ImportState.FAILED: "Not a data set; nothing was stored.",
}


def upload_words(upload: DataUpload) -> str:
    """Return what an upload does now, in one sentence."""
    if upload.state == ImportState.RUNNING:
        if upload.cancel_requested:
            return "Cancelling."
        return "Reading the file and looking at every picture."
    if upload.state != ImportState.DONE:
        return WORDS[ImportState(upload.state)]
    if upload.data is None:
        return "Uploaded; the data set was deleted since."
    verb = "is uploaded" if upload.is_new else "was uploaded before with the same content"
    return f"{upload.data} {verb}."
