"""The whole API on one screen: one line per resource."""

from rest_framework.routers import DefaultRouter

from users import api as users

router = DefaultRouter()
router.include_root_view = False
router.register("users", users.Users, basename="users")
router.register("roles", users.Roles, basename="roles")
router.register("tokens", users.Tokens, basename="tokens")
router.register("entries", users.Entries, basename="entries")
