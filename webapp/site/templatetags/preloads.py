"""Template tag that makes the browser fetch a script's modules at once, not import by import."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()
IMPORT = re.compile(r'^(?:import|export)\b[^"\']*?["\'](\.{1,2}/[^"\']+)["\']', re.MULTILINE)


@register.simple_tag
def script_preloads(name: str) -> SafeString:
    """Render a modulepreload link for every module that the script imports, directly or not."""
    modules = _read(name) if settings.DEBUG else _cached(name)
    links = [(static(module),) for module in modules if module != name]
    return format_html_join("\n", '<link rel="modulepreload" href="{}">', links)


def _read(name: str) -> list[str]:
    """Return the script and the modules that it needs, each once."""
    found: dict[str, None] = {}
    waiting = [name]
    while waiting:
        module = waiting.pop()
        path = finders.find(module)
        if module in found or not path:
            continue
        found[module] = None
        text = Path(str(path)).read_text(encoding="utf-8")
        folder = posixpath.dirname(module)
        waiting += [posixpath.normpath(f"{folder}/{target}") for target in IMPORT.findall(text)]
    return list(found)


_cached = cache(_read)
