"""Appearance of the admin, and settings of its helper packages."""

from __future__ import annotations

from django.templatetags.static import static

UNFOLD = {
    "SITE_TITLE": "Paretoscope",
    "SITE_HEADER": "Paretoscope",
    "SITE_SUBHEADER": "Curation and people",
    "SITE_URL": "/",
    "SITE_SYMBOL": "hub",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/mark.svg")}
    ],
    "STYLES": [lambda request: static("css/admin.css")],
    "DASHBOARD_CALLBACK": "webapp.architectures.review_queue.dashboard",
    "SHOW_VIEW_ON_SITE": True,
    "SHOW_HISTORY": True,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "primary": {
            "50": "#eef6fc",
            "100": "#d8eafa",
            "200": "#b5d7f5",
            "300": "#83bcee",
            "400": "#4a9be3",
            "500": "#2180d0",
            "600": "#0b66b4",
            "700": "#0b5292",
            "800": "#0e4678",
            "900": "#123b64",
            "950": "#0b2543",
        }
    },
    "SIDEBAR": {"show_search": True, "show_all_applications": False},
}
# Only services change the stage of an entry, so old versions cannot be restored.
SIMPLE_HISTORY_REVERT_DISABLED = True
AXES_ENABLE_ADMIN = False  # registered in webapp/accounts/admin.py with our base class
