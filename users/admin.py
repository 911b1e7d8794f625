"""The operators themselves, in Django admin. Customers' people are never shown there."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class UserAdmin(admin.ModelAdmin):
    """Who may operate. People are added by the command `create_operator` and shut out here, never deleted."""

    list_display = ("email", "name", "is_active", "is_staff", "last_seen_at")
    list_select_related = ("role",)
    fields = ("email", "name", "is_active", "is_staff", "time_zone", "created_at", "last_seen_at")
    readonly_fields = ("email", "created_at", "last_seen_at")
    search_fields = ("email", "name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
