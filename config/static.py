from whitenoise.storage import CompressedManifestStaticFilesStorage


class ManifestStorage(CompressedManifestStaticFilesStorage):
    """Hashed names and compressed copies; ES module imports are rewritten to the hashed names too."""

    support_js_module_import_aggregation = True
    manifest_strict = False
