"""Template tags of measurements on devices."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from webapp.common.tiers import tier_label, tier_meaning

register = template.Library()


@register.simple_tag
def tier(method: str) -> SafeString:
    """Render the tier of a value, with its meaning on hover."""
    return format_html('<span title="{}">{}</span>', tier_meaning(method), tier_label(method))
