"""Messages to chats through apprise, by schemes that a team permits."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.accounts.models import Team, User
from webapp.common.outgoing import only_permitted_addresses
from webapp.notices.models import ChatRule

# Schemes that only send over the network; no scheme that opens files or starts programs.
SCHEMES = {
    "slack": "Slack",
    "discord": "Discord",
    "tgram": "Telegram",
    "workflows": "Microsoft Teams (Power Automate)",
    "gchat": "Google Chat",
    "zulip": "Zulip",
    "wxteams": "Webex",
    "mmosts": "Mattermost",
    "rockets": "Rocket.Chat",
    "matrixs": "Matrix",
    "ntfys": "ntfy",
    "gotifys": "Gotify",
    "jsons": "JSON over HTTPS",
    "json": "JSON over HTTP",
}
DEFAULT_SCHEMES = ("slack", "discord", "tgram", "workflows", "gchat", "zulip", "wxteams")


class NotSent(Exception):
    """The message was not delivered; the text says why."""


def schemes_of(team: Team) -> list[str]:
    """Return the schemes that the team permits."""
    rule = ChatRule.objects.filter(team=team).first()
    chosen: Iterable[str] = DEFAULT_SCHEMES if rule is None else rule.schemes
    return [scheme for scheme in chosen if scheme in SCHEMES]


def permitted_schemes(user: User) -> set[str]:
    """Return the schemes that at least one team of the user permits."""
    teams = Team.objects.filter(memberships__user=user)
    return {scheme for team in teams for scheme in schemes_of(team)}


def scheme_of(address: str) -> str:
    """Return the scheme of an address, in lower case; "" if it has none."""
    before, colon, _ = address.partition("://")
    return before.strip().lower() if colon else ""


def address_error(address: str, permitted: Iterable[str]) -> str:
    """Return what is wrong with a chat address; "" if nothing is."""
    scheme = scheme_of(address)
    permitted = set(permitted)
    if scheme not in permitted:
        names = ", ".join(f"{name}://" for name in SCHEMES if name in permitted) or "none"
        return f"Addresses that start with {scheme or '?'}:// are not permitted; allowed: {names}."
    import apprise  # slow to load, and needed by few requests

    if any(sign in address for sign in ",\n\r ") or apprise.Apprise.instantiate(address) is None:
        return "Apprise does not understand this address; its documentation has the form."
    return ""


def send_chat(address: str, title: str, text: str, permitted: Iterable[str]) -> None:
    """Send a message to a chat.

    Raises:
        NotSent: the address is not permitted, or its server did not take the message.
    """
    if error := address_error(address, permitted):
        raise NotSent(error)
    import apprise

    # The plugin itself, because Apprise.notify would send in a thread that nothing guards.
    target = apprise.Apprise.instantiate(address)
    with only_permitted_addresses():
        if target is None or not target.notify(title=title, body=text):
            raise NotSent("the chat server did not take the message")
