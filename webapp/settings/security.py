"""What a browser may do with our pages.

Scripts come from our own files only: no inline script, no eval, nothing from another
host. Styles too: Plotly is told (by the ids in templates/parts/plotly.html) to leave its
own style sheets out, and ours replaces them. `data:` and `blob:` images are how Plotly
turns a plot into a file.

The admin is django-unfold's, whose Alpine.js evaluates the expressions in its markup and
sets style attributes; it alone gets the looser policy (`webapp.site.security_policy`).
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
