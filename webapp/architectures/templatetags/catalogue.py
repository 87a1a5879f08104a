"""Template tag that shows the stage of a catalogue entry."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from webapp.architectures.models import Stage
from webapp.runs.labels import StateLabel
from webapp.runs.templatetags.figures import badge

register = template.Library()
STAGES = {
    Stage.PROPOSED: StateLabel("Proposed", "hourglass", "calm", "Waits for review by a curator"),
    Stage.APPROVED: StateLabel(
        "Approved", "rosette-discount-check", "good", "Promoted by a curator"
    ),
    Stage.REJECTED: StateLabel("Rejected", "thumb-down", "bad", "Rejected by a curator"),
}


@register.simple_tag
def stage(value: str, reason: str = "") -> SafeString:
    """Render a stage as icon, label and colour, with its meaning and reason on hover."""
    return badge(STAGES[Stage(value)], value, reason)
