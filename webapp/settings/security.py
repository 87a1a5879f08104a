"""Content security policy and other security headers.

Scripts and styles are loaded only from our own files: no inline scripts, no eval, no other host.
The ids in templates/parts/plotly.html keep Plotly from adding its own style sheets; ours replaces
them. Plotly needs `data:` and `blob:` images to save a plot as a file.

The admin is django-unfold's, whose Alpine.js evaluates the expressions in its markup and
sets style attributes; only it has a less strict policy (`webapp.site.security_policy`).
"""

from __future__ import annotations

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
ADMIN_CONTENT_SECURITY_POLICY = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
