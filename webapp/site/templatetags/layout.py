"""Template tags of the layout: icons, links of the menu, the teams of a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import template
from django.http import QueryDict
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from webapp.accounts.models import Membership, Role, User
from webapp.accounts.permissions import MIN_ROLE, ROLE_ORDER
from webapp.accounts.requests import AnyRequest
from webapp.site.security_policy import admin_address

register = template.Library()
STYLESHEETS = ("frame", "tables", "parts", "run", "candidate", "forms", "pages")
SPRITE = "vendor/tabler-icons-3.52.0/sprite.svg"


@dataclass(frozen=True)
class Link:
    """One entry of the menu: URL name, label, icon, and the prefixes of the addresses below it."""

    name: str
    label: str
    icon: str
    prefix: str | tuple[str, ...]


LINKS = (
    Link("overview", "Overview", "layout-dashboard", "/"),
    Link("run-list", "Runs", "flask", "/runs/"),
    Link("study-list", "Studies", "chart-dots", "/studies/"),
    Link("compare", "Compare", "git-compare", "/compare"),
    Link("report-list", "Reports", "note", "/reports/"),
    Link("architecture-list", "Architectures", "sitemap", "/architectures/"),
    Link("evaluation-list", "Evaluations", "rosette-discount-check", "/evaluations/"),
    Link("device-list", "Devices", "cpu", "/devices/"),
    Link("fleet", "Fleet", "server", "/fleet/"),
    Link("data-list", "Data", "database", ("/data/", "/datasets/")),
    Link("space-list", "Spaces", "adjustments", "/spaces/"),
)
MAIN_LINKS = 4  # of LINKS: a bottom bar of a phone has room for these and a button
ADMIN = Link("", "Admin", "shield-check", "/admin/")  # not loaded for its address


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """Render an icon of the sprite; it is decoration, so a label has to be next to it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        css,
        static(SPRITE),
        name,
    )


@register.simple_tag
def page_address(query: str, number: int) -> str:
    """Return the address of a page of the list: the query with another page number."""
    return f"?{query}&page={number}" if query else f"?page={number}"


@register.filter
def query_pairs(query: str) -> list[tuple[str, str]]:
    """Return the names and values of a query, for the hidden fields of a form."""
    return [(name, value) for name, values in QueryDict(query).lists() for value in values]


@register.simple_tag
def stylesheets() -> SafeString:
    """Render the links to our stylesheets; later ones may override earlier ones."""
    addresses = ((static(f"css/{name}.css"),) for name in STYLESHEETS)
    return format_html_join("\n  ", '<link rel="stylesheet" href="{}">', addresses)


@register.simple_tag
def sprite_url() -> str:
    """Return the address of the sprite."""
    return static(SPRITE)


@register.simple_tag(takes_context=True)
def rail(context: template.Context) -> dict[str, Any]:
    """Return the links of the menu to pages that exist and that this person may open.

    `main` are the entries of the bottom bar of phones, `rest` those behind its button More.
    """
    request = context.get("request")
    links = list(LINKS)
    if request is not None and _may_curate(request):
        links.append(ADMIN)
    entries = []
    for link in links:
        try:
            address = reverse(link.name) if link.name else admin_address()
        except NoReverseMatch:
            continue
        here = request is not None and _is_here(request.path, link.prefix)
        entries.append({"link": link, "address": address, "here": here})
    main, rest = entries[:MAIN_LINKS], entries[MAIN_LINKS:]
    return {"main": main, "rest": rest, "here_in_rest": any(entry["here"] for entry in rest)}


@register.simple_tag(takes_context=True)
def memberships(context: template.Context) -> list[Membership]:
    """Return the person's memberships with their teams, by team name; read once per request."""
    request = context.get("request")
    return [] if request is None else _memberships(request)


def _memberships(request: AnyRequest) -> list[Membership]:
    user = _user(request)
    if user is None:
        return []
    if not hasattr(request, "layout_memberships"):
        rows = user.memberships.select_related("team").order_by("team__name")
        request.layout_memberships = list(rows)
    return request.layout_memberships


def _user(request: AnyRequest) -> User | None:
    """The signed-in user; None also on error pages, where middleware has not run."""
    user = getattr(request, "user", None)
    return user if isinstance(user, User) else None


def _may_curate(request: AnyRequest) -> bool:
    """Like `may_enter_admin`, from the memberships that the layout has read already."""
    user = _user(request)
    if user is None or not user.is_active:
        return False
    minimum = ROLE_ORDER.index(MIN_ROLE["curate"])
    roles = [Role(m.role) for m in _memberships(request)]
    return user.is_superuser or any(ROLE_ORDER.index(role) >= minimum for role in roles)


def _is_here(path: str, prefix: str | tuple[str, ...]) -> bool:
    return path == "/" if prefix == "/" else path.startswith(prefix)
