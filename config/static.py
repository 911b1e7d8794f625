from collections.abc import Iterator
from typing import Any

from django.conf import settings
from whitenoise.storage import CompressedManifestStaticFilesStorage


class ManifestStorage(CompressedManifestStaticFilesStorage):
    """Hashed names and compressed copies; ES module imports are rewritten to the hashed names too."""

    support_js_module_import_aggregation = True
    manifest_strict = False

    def post_process(self, paths: dict[str, Any], **options: Any) -> Iterator[Any]:
        """Leaves out what django-htmx brings: its modules import files it does not bring, and we vendor htmx."""
        ours = {name: found for name, found in paths.items() if not name.startswith("django_htmx/")}
        yield from super().post_process(ours, **options)

    def compress_files(self, paths: set[str]) -> Iterator[Any]:
        """Compressing takes a minute of both cores and saves a visitor of localhost nothing."""
        return iter(()) if settings.DEVELOPMENT else super().compress_files(paths)
