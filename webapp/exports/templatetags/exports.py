"""Template tags of exports."""

from __future__ import annotations

from django import template

from webapp.exports.titles import target_title

register = template.Library()
register.filter("target_title", target_title)
