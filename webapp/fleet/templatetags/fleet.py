"""Template tags of the fleet page."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from webapp.fleet.workers import STATES
from webapp.runs.templatetags.figures import badge

register = template.Library()


@register.simple_tag
def worker_state(state: str, reason: str = "") -> SafeString:
    """Render the state of a worker as icon, label and colour, with its meaning on hover."""
    return badge(STATES[state], state, reason)


@register.filter
def gib(count: float | None) -> str:
    """Return a number of bytes in GiB with one decimal; "" if it is not known."""
    return "" if count is None else f"{count / 2**30:.1f}"


@register.filter
def percent(share: float | None) -> str:
    """Return a share from 0 to 1 in percent; "" if it is not known."""
    return "" if share is None else f"{100 * share:.0f}"
