"""An empty page with the site's own policy, in which our scripts can be called one by one."""

from __future__ import annotations

import json
import mimetypes
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from webapp.runs.labels import vocabulary

HOST = "http://scripts.test"
PAGE = """<!doctype html>
<html lang="en" data-bs-theme="light"><head><meta charset="utf-8"><title>scripts</title>
<link rel="icon" href="/static/img/mark.svg">
<link rel="stylesheet" href="/static/css/paretoscope.css">{plotly}
</head><body data-sprite="/static/sprite.svg">
<div id="box"><button data-save="csv">CSV</button>
<div class="ps-plot ps-plot-high" hidden></div><p class="ps-plot-empty">nothing yet</p></div>
<figure id="figure"></figure>
<script type="application/json" id="vocabulary">{words}</script></body></html>"""


def policy() -> str:
    """The site's policy as a header."""
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in directives.items())


class Scripts:
    """Calls functions of `webapp/static/js` in a real browser."""

    def __init__(self, page: Any):
        self.page = page
        page.route(f"{HOST}/**", self._serve)
        page.goto(f"{HOST}/")

    def _serve(self, route: Any) -> None:
        path = route.request.url.removeprefix(HOST)
        if path == "/":
            plotly = render_to_string("parts/plotly.html")
            body = PAGE.format(plotly=plotly, words=json.dumps(vocabulary()))
            headers = {"Content-Security-Policy": policy()}
            route.fulfill(body=body, content_type="text/html", headers=headers)
            return
        found = finders.find(path.removeprefix("/static/"))
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        if kind.endswith("javascript"):
            kind = "text/javascript"
        if found:
            route.fulfill(path=found, content_type=kind)
        else:
            route.fulfill(status=404, body="")

    def call(self, module: str, code: str, *values: Any) -> Any:
        """Runs `code` with the module's exports as `m` and the values as `v`; JSON back.

        `load(name)` in the code gives the exports of another module.
        """
        load = "const load = (name) => import(`/static/js/${name}`);"
        script = f"async (v) => {{ {load} const m = await load('{module}'); {code} }}"
        return self.page.evaluate(script, list(values))


@pytest.fixture
def scripts(browser_page) -> Scripts:
    """A page in which our scripts can be called."""
    return Scripts(browser_page)
