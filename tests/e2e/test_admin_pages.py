"""Every table of the admin in a real browser: the policy lets its pages work, none complains."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.fixtures.people import PASSWORD
from webapp.accounts.models import Membership, User

from ..fixtures.site_visits import full_team, open_as


@pytest.fixture
def addresses(team, researcher, curator) -> list[str]:
    """Every table: its list, its form for a new row if there is one, and one row."""
    full_team(team, researcher, curator)
    root = User.objects.create_superuser("root", password=PASSWORD)
    Membership.objects.create(user=root, team=team, role="viewer")
    found = [reverse("admin:index")]
    for model, table in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found.append(reverse(f"{name}_changelist"))
        if table.has_add_permission(type("Asked", (), {"user": root})()):
            found.append(reverse(f"{name}_add"))
        found += [reverse(f"{name}_change", args=[row.pk]) for row in model.objects.all()[:1]]
    return found


def test_no_page_of_the_admin_breaks_the_policy_or_sticks_out(website, addresses, browser_page):
    open_as(browser_page, website.url, "root")
    wide = {}
    for address in addresses:
        answer = browser_page.goto(website.url + address)
        assert answer.status == 200, address
        for width in (1440, 390):
            browser_page.set_viewport_size({"width": width, "height": 844})
            over = browser_page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if over > 0:
                wide[address, width] = over
    assert browser_page.console_errors == []
    assert wide == {}
