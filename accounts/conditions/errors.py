class ConditionError(Exception):
    """The text is no condition. message: what is wrong and what to do; column: where, from 1."""

    def __init__(self, message: str, column: int, length: int = 1) -> None:
        self.message, self.column, self.length = message, column, max(1, length)
        super().__init__(f"At {column}: {message}")
