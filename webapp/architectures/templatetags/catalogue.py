"""The stage of a catalogue entry as icon, word and colour."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from webapp.architectures.models import Stage
from webapp.live.templatetags.frame import icon

register = template.Library()
# Word, icon, tone, meaning.
STAGES = {
    Stage.PROPOSED: ("Proposed", "hourglass", "calm", "Kept by somebody; no curator decided yet"),
    Stage.APPROVED: ("Approved", "rosette-discount-check", "good", "A curator promoted it"),
    Stage.REJECTED: ("Rejected", "thumb-down", "bad", "A curator rejected it"),
}


@register.simple_tag
def stage(value: str, reason: str = "") -> SafeString:
    """A stage: icon, word and colour, its meaning and the reason on hover."""
    word, picture, tone, meaning = STAGES[Stage(value)]
    return format_html(
        '<span class="ps-state ps-state-{}" data-stage="{}" title="{}">{}{}</span>',
        tone,
        value,
        f"{meaning}: {reason}" if reason else meaning,
        icon(picture),
        word,
    )
