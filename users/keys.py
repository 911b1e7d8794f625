"""API tokens and codes as text. Pure: `plb_<workspace>_<256 random bits><checksum>`.

The workspace tells a person (and a secret scanner) where a found token belongs; the checksum tells a typing
error from a revoked token without asking the database.
"""

import hashlib
import secrets
import zlib

PREFIX = "plb"
HINT_LENGTH = 12
_RANDOM, _CHECK = 43, 6
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def checksum(text: str) -> str:
    """CRC-32 of `text` as six base-62 digits."""
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(_CHECK):
        number, rest = divmod(number, len(_DIGITS))
        digits = _DIGITS[rest] + digits
    return digits


def new_token(hint: str) -> str:
    body = f"{PREFIX}_{hint[:HINT_LENGTH].strip('-')}_{secrets.token_urlsafe(32)}"
    return body + checksum(body)


def is_token(text: str) -> bool:
    """Whether `text` is whole: its parts are there and the checksum is right."""
    head, _, rest = text.partition("_")
    hint, found, random = rest.partition("_")
    if head != PREFIX or not found or not hint or len(random) != _RANDOM + _CHECK or not text.isascii():
        return False
    return secrets.compare_digest(checksum(text[:-_CHECK]), text[-_CHECK:])


def shown_prefix(token: str) -> str:
    """The part that may be shown for ever: `plb_acme_` and four characters."""
    head, hint, random = token.split("_", 2)
    return f"{head}_{hint}_{random[:4]}"


def digest(token: str) -> str:
    """SHA-256 of a token; enough for 256 random bits, and comparable in an index."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_code() -> str:
    """Six digits for a mail."""
    return f"{secrets.randbelow(1_000_000):06d}"
