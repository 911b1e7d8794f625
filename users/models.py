from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from core.actor import Actor
from core.models import GuardedQuerySet, TenantModel


class Role(TenantModel):
    """A named list of permissions; `sees_all` decides whether its holders see every account or their own."""

    code = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    permissions = ArrayField(models.CharField(max_length=80), default=list)
    sees_all = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager.from_queryset(GuardedQuerySet)):  # type: ignore[misc]
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
    last_seen_at = models.DateTimeField(null=True)

    objects: ClassVar[Any] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email

    def as_actor(self) -> Actor:
        return Actor(str(self), self.pk, frozenset(self.role.permissions), self.role.sees_all)

    # What Django admin asks; the operators' tenant has no row-level rights.
    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_active and self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff


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
