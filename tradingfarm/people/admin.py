from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group

from tradingfarm.kernel.admin import RecordAdmin
from tradingfarm.people.models import PasswordLink, User

# The admin has no sign-in of its own: the farm's asks for the second factor and counts tries.
admin.site.login = secure_admin_login(  # type: ignore[method-assign, no-untyped-call]  # as its guide says
    admin.site.login
)

# Roles decide here, not groups; and what allauth keeps must not be changed past its services.
for model in (EmailAddress, Authenticator, UserSession, Group):
    admin.site.unregister(model)


@admin.register(User)
class PersonAdmin(RecordAdmin):
    """Who the people are. They are invited and changed on the farm's own page, /people/."""

    list_display = ("username", "role", "desk", "email", "is_active", "last_login", "date_joined")
    list_filter = ("role", "is_active")
    list_select_related = ("desk",)
    search_fields = ("username", "email")
    date_hierarchy = "date_joined"
    ordering = ("username",)
    fields = (*list_display, "is_staff", "is_superuser")


@admin.register(UserSession)
class SessionAdmin(RecordAdmin):
    """Where people are signed in, without the keys."""

    list_display = ("user", "ip", "user_agent", "created_at", "last_seen_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "ip")
    date_hierarchy = "last_seen_at"
    fields = list_display


@admin.register(PasswordLink)
class PasswordLinkAdmin(RecordAdmin):
    """Links that operators made, without their secrets."""

    list_display = ("made_at", "user", "made_by", "expires_at", "used_at")
    list_select_related = ("user",)
    search_fields = ("user__username", "made_by")
    date_hierarchy = "made_at"
    fields = list_display
