"""Users, teams and memberships in the admin."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, ForeignKey, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from .admin_access import ReadOnlyAdmin, SuperuserAdmin, TeamScopedAdmin
from .models import AuditEntry, Invitation, Membership, Role, Team, User
from .owners import check_may_lose
from .permissions import administrators, is_last_administrator, teams_where

LAST_ADMINISTRATOR = "{} is the last active administrator: make another user one first"

admin.site.unregister(Group)  # permissions come from roles in teams
# Only services change these; secrets are not shown.
admin.site.unregister((EmailAddress, SocialAccount, SocialApp, SocialToken, Authenticator))


class KeepsOwners(ModelAdmin):
    """Answers a deletion that would leave a team without an owner with a message."""

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            with transaction.atomic():
                return super().delete_view(request, object_id, extra_context)
        except ValidationError as error:
            return self._refused(request, error)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            with transaction.atomic():
                return super().changelist_view(request, extra_context)
        except ValidationError as error:
            return self._refused(request, error)

    def _refused(self, request: HttpRequest, error: ValidationError) -> HttpResponse:
        text = "; ".join(error.messages)
        self.message_user(request, f"Nothing is deleted: {text}.", messages.ERROR)
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")


class UserForm(UserChangeForm):
    """Keeps an administrator who can sign in."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        stays = cleaned.get("is_active") and cleaned.get("is_superuser")
        if not stays and is_last_administrator(self.instance):
            raise ValidationError(LAST_ADMINISTRATOR.format(self.instance))
        return cleaned


@admin.register(User)
class UserAdmin(KeepsOwners, DjangoUserAdmin, SuperuserAdmin):
    """User accounts; roles in teams are memberships."""

    form = UserForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "email", "is_active", "is_superuser")
    list_filter = ("is_active", "is_superuser")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Permissions", {"fields": ("is_active", "is_superuser")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self.delete_queryset(request, User.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        """Delete accounts, unless no administrator would be left who can sign in."""
        with transaction.atomic():
            deleted = list(queryset.filter(is_active=True, is_superuser=True))
            super().delete_queryset(request, queryset)
            if deleted and not administrators().exists():
                raise ValidationError(LAST_ADMINISTRATOR.format(deleted[0]))


class MembershipForm(forms.ModelForm):
    """Names the member by username, so that the list of all users is not shown."""

    user = forms.ModelChoiceField(
        User.objects.filter(is_active=True),
        to_field_name="username",
        label="Username",
        widget=UnfoldAdminTextInputWidget,
        help_text="The name that the user signs in with.",
        error_messages={"invalid_choice": "There is no such user: check the spelling."},
    )

    class Meta:
        model = Membership
        fields = ("team", "user", "role")

    def clean_role(self) -> str:
        """Check that the last owner stays one."""
        stored = Membership.objects.filter(pk=self.instance.pk, role=Role.OWNER).first()
        role = self.cleaned_data["role"]
        if stored is not None and role != Role.OWNER:
            check_may_lose(stored)
        return role


@admin.register(Membership)
class MembershipAdmin(KeepsOwners, TeamScopedAdmin):
    """Members of teams and their roles; owners manage their own teams."""

    action = "manage"
    form = MembershipForm
    list_display = ("user", "team", "role")
    list_filter = ("role",)
    search_fields = ("user__username", "team__name")
    list_select_related = ("user", "team")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request) and self._may_manage(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request) and self._may_manage(request, obj)

    def _may_manage(self, request: HttpRequest, membership: Model | None) -> bool:
        if request.user.is_superuser or membership is None:
            return True
        assert isinstance(membership, Membership)
        return teams_where(request.user, "manage").filter(pk=membership.team_id).exists()

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple:
        return ("team", "user") if obj else ()

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "team" and not request.user.is_superuser:
            kwargs["queryset"] = teams_where(request.user, "manage")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Team)
class TeamAdmin(SuperuserAdmin):
    """Teams; deleting a team deletes its runs and its catalogue."""

    list_display = ("name", "slug", "member_count", "weight", "created_at")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).annotate(number=Count("memberships"))

    @admin.display(description="members", ordering="number")
    def member_count(self, team: Team) -> int:
        return team.number  # type: ignore[attr-defined]  # an annotation


class AccessAdmin(SuperuserAdmin):
    """Sign-in attempts stored by django-axes; deleting an attempt unlocks its name."""

    list_display = ("attempt_time", "username", "ip_address", "path_info")
    search_fields = ("username", "ip_address")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


for model in (AccessAttempt, AccessFailureLog, AccessLog):
    admin.site.register(model, AccessAdmin)


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin, SuperuserAdmin):
    """Invitations; the team page creates and revokes them."""

    list_display = ("team", "role", "note", "created_by", "expires_at", "accepted_by")
    exclude = ("digest",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin, SuperuserAdmin):
    """The audit trail of every team; nothing in it can be changed or deleted."""

    list_display = ("at", "team", "who", "text", "address")
    list_filter = ("kind",)
    search_fields = ("who", "text")


@admin.register(SocialAccount)
class ConnectedAccountAdmin(ReadOnlyAdmin, SuperuserAdmin):
    """Accounts of the OpenID Connect provider with which people sign in."""

    list_display = ("user", "uid", "date_joined", "last_login")
    exclude = ("extra_data",)


@admin.register(Authenticator)
class PasskeyAdmin(ReadOnlyAdmin, SuperuserAdmin):
    """Passkeys of people."""

    list_display = ("user", "created_at", "last_used_at")
    exclude = ("data",)
