"""Addresses of sign-in, teams and accounts."""

from __future__ import annotations

from django.urls import path

from .views import account, audit, join, passkeys, passwords, sign_in, single_sign_on, team

urlpatterns = [
    path("sign-in/", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-in/passkey", passkeys.sign_in, name="passkey-sign-in"),
    # The names are those of django-allauth.
    path("sign-in/<str:provider_id>/", single_sign_on.start, name="openid_connect_login"),
    path("sign-in/<str:provider_id>/back/", single_sign_on.back, name="openid_connect_callback"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("password/reset/", passwords.ResetPassword.as_view(), name="password-reset"),
    path("password/reset/<uidb64>/<token>/", passwords.NewPassword.as_view(), name="password-new"),
    path("join/<str:secret>/", join.join, name="join"),
    path("team/", team.team_page, name="team"),
    path("team/switch", sign_in.team_switch, name="team-switch"),
    path("team/members/<int:pk>/role", team.member_role, name="member-role"),
    path("team/members/<int:pk>/remove", team.member_remove, name="member-remove"),
    path("team/invitations/<int:pk>/revoke", team.invitation_revoke, name="invitation-revoke"),
    path("team/audit/", audit.audit_page, name="audit"),
    path("team/audit.csv", audit.audit_csv, name="audit-csv"),
    path("account/", account.Account.as_view(), name="account"),
    path("account/person", account.person, name="account-person"),
    path("account/passkeys/options", passkeys.options, name="passkey-options"),
    path("account/passkeys/add", passkeys.add, name="passkey-add"),
    path("account/passkeys/<int:pk>/remove", passkeys.remove, name="passkey-remove"),
    path("account/single-sign-on/connect", single_sign_on.connect, name="sso-connect"),
    path("account/single-sign-on/disconnect", single_sign_on.disconnect, name="sso-disconnect"),
    path("account/sign-out-everywhere", account.sign_out_everywhere, name="sign-out-everywhere"),
]
