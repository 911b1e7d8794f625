"""Files on disk, each below the folder of its tenant; a name of another tenant is refused, not looked up."""

import os
from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage
from django.utils._os import safe_join

from tenants.context import named_schema


class TenantStorage(FileSystemStorage):
    """Names are made by tenants.context.tenant_path. There is no URL: files are sent by views that ask who is there."""

    def path(self, name: Any) -> str:
        """Every reading, writing and deleting asks for the path first. Raises SuspiciousFileOperation."""
        schema = named_schema()
        folder, slash, rest = str(name).partition("/")
        if folder != schema or not slash:
            raise SuspiciousFileOperation(f"{name!r} is not a file of {schema}")
        return safe_join(os.path.join(self.location, schema), rest)

    def generate_filename(self, filename: Any) -> str:
        name = super().generate_filename(filename)
        self.path(name)
        return name

    def url(self, name: Any) -> str:
        raise SuspiciousFileOperation("files are served by views, never by address")
