"""Template tags of the catalogue: stages and tables of networks."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from webapp.architectures.models import Stage
from webapp.runs.labels import StateLabel
from webapp.runs.templatetags.figures import badge

register = template.Library()
STAGES = {
    Stage.PROPOSED: StateLabel("Proposed", "hourglass", "calm", "Waits for review by a curator"),
    Stage.SHORTLISTED: StateLabel(
        "Shortlisted", "star", "live", "Chosen by a curator for a closer look"
    ),
    Stage.APPROVED: StateLabel(
        "Approved", "rosette-discount-check", "good", "Approved by a curator"
    ),
    Stage.DEPLOYED: StateLabel("Deployed", "cpu", "good", "Approved, and runs on devices"),
    Stage.RETIRED: StateLabel("Retired", "archive", "warn", "Not used any more"),
    Stage.REJECTED: StateLabel("Rejected", "thumb-down", "bad", "Rejected by a curator"),
}


@register.simple_tag
def stage(value: str, reason: str = "") -> SafeString:
    """Render a stage as icon, label and colour, with its meaning and reason on hover."""
    return badge(STAGES[Stage(value)], value, reason)


@register.filter
def shape(sides: list[int]) -> str:
    """Return a shape as 24 x 8 x 8; a dash if it is not known."""
    return " x ".join(map(str, sides)) or "–"
