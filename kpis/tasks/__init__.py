from kpis.tasks.uploads import import_upload, read_upload, take_in_held

__all__ = ["import_upload", "read_upload", "take_in_held"]
