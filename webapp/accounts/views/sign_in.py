"""Sign-in and sign-out, and the team switch."""

from __future__ import annotations

from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from ..current import choose_team
from ..forms import SignInForm
from ..middleware import team_not_required
from ..permissions import teams_of

# These addresses show the same in every team, or depend on the chosen one.
SAME_IN_EVERY_TEAM = (
    "/",
    "/runs/",
    "/runs/new",
    "/architectures/",
    "/data/",
    "/data/new",
    "/datasets/tables/",
    "/datasets/tables/new",
    "/account/",
    "/team/",
)


@method_decorator(team_not_required, name="dispatch")
class SignIn(auth.LoginView):
    """The sign-in page; it redirects to `next`, only within this site.

    After too many failures django-axes answers instead, with accounts/locked.html.
    """

    http_method_names = ("get", "head", "post", "options")
    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


@login_not_required
@team_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; it is no error if it has already ended."""
    return auth.LogoutView.as_view()(request)


@require_POST
def team_switch(request: HttpRequest) -> HttpResponse:
    """Switch to another of the user's teams and redirect to a page that both teams have.

    Raises:
        Http404: there is no such team, or the user is not a member.
    """
    text = request.POST.get("team", "")
    valid = text.isascii() and text.isdigit() and len(text) <= 18
    team = teams_of(request.user).filter(pk=int(text)).first() if valid else None
    if team is None:
        raise Http404("no such team")
    choose_team(request, team)
    return HttpResponseRedirect(_back(request))


def _back(request: HttpRequest) -> str:
    """`next` if every team has this page, otherwise the overview."""
    address = request.POST.get("next", "/")
    safe = url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()})
    return address if safe and address in SAME_IN_EVERY_TEAM else "/"
