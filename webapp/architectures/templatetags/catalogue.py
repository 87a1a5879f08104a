"""The stage of a catalogue entry as icon, word and colour."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from webapp.architectures.models import Stage
from webapp.runs.labels import StateLabel
from webapp.runs.templatetags.figures import badge

register = template.Library()
STAGES = {
    Stage.PROPOSED: StateLabel(
        "Proposed", "hourglass", "calm", "Kept by somebody; no curator decided yet"
    ),
    Stage.APPROVED: StateLabel(
        "Approved", "rosette-discount-check", "good", "A curator promoted it"
    ),
    Stage.REJECTED: StateLabel("Rejected", "thumb-down", "bad", "A curator rejected it"),
}


@register.simple_tag
def stage(value: str, reason: str = "") -> SafeString:
    """A stage: icon, word and colour, its meaning and the reason on hover."""
    return badge(STAGES[Stage(value)], value, reason)
