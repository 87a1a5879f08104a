"""The tag that embeds looks of methods and operations as JSON for scripts."""

from __future__ import annotations

from django import template
from django.utils.html import json_script
from django.utils.safestring import SafeString

from webapp.runs.labels import vocabulary

register = template.Library()


@register.simple_tag
def vocabulary_json() -> SafeString:
    """Render the looks of methods and operation families as the script element `vocabulary`."""
    return json_script(vocabulary(), "vocabulary")
