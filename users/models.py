from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from core.actor import Actor
from core.models import GuardedQuerySet, TenantModel
from core.rules import ADMIN, ROLES, permissions
from tenants.context import tenant_salt
from users.rules import OPERATORS_ONLY


class Role(TenantModel):
    """A named list of permissions; `sees_all` decides whether its holders see every account or their own."""

    code = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    permissions = ArrayField(models.CharField(max_length=80), default=list)
    sees_all = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="role_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def built_in(self) -> bool:
        return self.code in ROLES

    @property
    def is_admin(self) -> bool:
        return self.code == ADMIN

    def granted(self) -> frozenset[str]:
        """What its holders may do now; Admin holds every permission, also one that a release adds later.

        Never what only operators may do: that comes with being one, not with a role.
        """
        held = (known.name for known in permissions()) if self.is_admin else self.permissions
        return frozenset(held) - OPERATORS_ONLY


class UserQuerySet(GuardedQuerySet):
    def visible_to(self, by: Actor) -> "UserQuerySet":
        """Colleagues see each other: they are owners, assignees and names in the trail."""
        return self if by.is_system or by.user_id is not None else self.none()

    def in_state(self, state: str) -> "UserQuerySet":
        """People whose User.state is `state`."""
        if state == "deactivated":
            return self.filter(is_active=False)
        invited = models.Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        return self.filter(invited if state == "invited" else ~invited, is_active=True)

    def admins(self) -> "UserQuerySet":
        """People who can let others in: active, with the Admin role."""
        return self.in_state("active").filter(role__code=ADMIN)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, email: str) -> "User":
        return self.get(email__iexact=email)


class User(TenantModel, AbstractBaseUser):
    """A person who logs in to one tenant. Users are deactivated, never deleted: the trail names them."""

    email = models.EmailField()
    name = models.CharField(max_length=120)
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="users")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)  # enters Django admin; used in the operators' tenant only
    time_zone = models.CharField(max_length=60, default="UTC")
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Any] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email

    def as_actor(self) -> Actor:
        held = self.role.granted() | (OPERATORS_ONLY if self.is_staff else frozenset())
        return Actor(str(self), self.pk, held, self.role.sees_all, role=self.role.code)

    @property
    def state(self) -> str:
        """'active', 'invited' (no password chosen yet) or 'deactivated'."""
        if not self.is_active:
            return "deactivated"
        return "active" if self.has_usable_password() else "invited"

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        """Django's session hash with the tenant in its salt: a session copied along with a tenant is worthless."""
        salt = tenant_salt("session")
        return salted_hmac(salt, self.password, secret=secret, algorithm="sha256").hexdigest()

    # What Django admin asks; the operators' tenant has no row-level rights.
    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_active and self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff


class Ticket(TenantModel):
    """A single-use key for one person: an invitation by mail, or the step from sign-up into the workspace.

    What travels is its id, signed for this tenant and purpose; `used_at` is set by the one request that wins.
    """

    class Purpose(models.TextChoices):
        INVITATION = "invitation"
        LOGIN = "login"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tickets")
    purpose = models.CharField(max_length=12)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.purpose} for {self.user_id}"


class ApiToken(TenantModel):
    """A person's key to the API; only its SHA-256 is stored. It can never do more than its owner."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=24)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def last_day(self) -> date | None:
        """The last day on which it works (UTC): it ends at the midnight after. None: it has no end."""
        return (self.expires_at - timedelta(days=1)).date() if self.expires_at else None

    def usable(self, at: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > at)
