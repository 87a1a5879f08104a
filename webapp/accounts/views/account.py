"""The user's own account: name and mail, password, sign-out everywhere."""

from __future__ import annotations

from allauth.socialaccount.models import SocialAccount
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_lockout_response
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth import views as auth
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from ..forms import OwnPasswordForm, PersonForm
from ..middleware import team_not_required
from ..models import Membership, User
from ..requests import TeamRequest
from ..services import audit
from ..services.passkeys import passkeys_of


@method_decorator(team_not_required, name="dispatch")
class Account(auth.PasswordChangeView):
    """The user's name, mail, teams and roles, and the form that changes the password.

    Wrong old passwords count like wrong passwords at sign-in: too many of them lock both forms.
    """

    form_class = OwnPasswordForm
    http_method_names = ("get", "head", "post", "options")
    template_name = "accounts/account.html"
    success_url = reverse_lazy("account")

    def get_form_kwargs(self) -> dict[str, object]:
        return {**super().get_form_kwargs(), "request": self.request}

    def post(self, request: TeamRequest, *args: object, **kwargs: object) -> HttpResponse:  # type: ignore[override]
        credentials = {"username": request.user.get_username()}
        if not AxesProxyHandler.is_allowed(request, credentials):
            return get_lockout_response(request, credentials=credentials)
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        assert isinstance(self.request.user, User)  # the sign-in middleware lets no one else in
        context = super().get_context_data(**kwargs)
        return {**context, **_account(self.request.user)}

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        super().form_valid(form)
        audit.record("account", "changed the password", user=self.request.user)
        messages.success(self.request, "Your password is changed; other browsers are signed out.")
        return redirect("account")


def _account(user: User) -> dict[str, object]:
    """Return what the account page shows of a user."""
    mine = Membership.objects.filter(user=user).select_related("team").order_by("team__name")
    return {
        "memberships_mine": mine,
        "person": PersonForm(instance=user),
        "passkeys": passkeys_of(user),
        "connected": SocialAccount.objects.filter(user=user).exists(),
    }


@team_not_required
@require_POST
def person(request: TeamRequest) -> HttpResponse:
    """Change the user's name and mail address."""
    form = PersonForm(request.POST, instance=User.objects.get(pk=request.user.pk))
    if form.is_valid():
        form.save()
        audit.record("account", "changed the name or mail address", user=request.user)
        messages.success(request, "Your name and mail address are stored.")
        return redirect("account")
    context = {**_account(request.user), "person": form, "form": _password_form(request)}
    return render(request, "accounts/account.html", context, status=422)


def _password_form(request: TeamRequest) -> OwnPasswordForm:
    return OwnPasswordForm(request.user, request=request)


@team_not_required
@require_POST
def sign_out_everywhere(request: TeamRequest) -> HttpResponse:
    """End every session of the user, this one too; open pages lose access at once."""
    user = User.objects.get(pk=request.user.pk)
    user.sign_outs += 1
    user.save(update_fields=["sign_outs"])
    audit.record("account", "signed out everywhere", user=user)
    logout(request)
    messages.success(request, "You are signed out on every device.")
    return redirect("sign-in")
