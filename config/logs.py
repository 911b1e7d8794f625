import logging


class NoTracebackOfRefusals(logging.Filter):
    """Drops the traceback of answers below 500: who may not open a page is no failure of the program."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = None
        return True
