"""The one way out: every request to another host goes through `request`, which is off until it is allowed.

Addresses are checked after the name is resolved and the connection is made to the checked address, so that
a name that changes its answer (DNS rebinding) reaches nothing. No redirects, no proxies from the
environment, a short time and a small answer.
"""

import ipaddress
import logging
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore
from django.conf import settings

from core.errors import DomainError

log = logging.getLogger(__name__)

SECONDS = 10.0
MOST_BYTES = 1_000_000
PORTS = {"https": 443, "http": 80}
SOCKET_OPTION = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

# What is_global calls global and is not: carriers of private IPv4 addresses, and old site-local space.
_TUNNELS = [
    ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "fec0::/10")
]


class EgressRefused(DomainError):
    """The address may not be reached from here; the message says why in words for the person who gave it."""


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers in lower case, and at most MOST_BYTES of body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def may_reach(address: str) -> bool:
    """Whether an IP address lies in the public internet, seen through every disguise we know."""
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        elif any(ip in net for net in _TUNNELS) or int(ip) < 2**32:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback)


def resolve(host: str, port: int) -> list[str]:
    """Every address of `host`; refused as a whole when one of them is not public. Raises EgressRefused."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise EgressRefused(f"{host} has no address.") from error
    private = sorted(address for address in found if not may_reach(address))
    if private:
        raise EgressRefused(f"{host} leads to {private[0]}, which is inside a private network.")
    return sorted(found)


class _Pinned(httpcore.SyncBackend):
    """Connects to the address that was checked, never to a name."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return super().connect_tcp(resolve(host, port)[0], port, timeout, local_address, socket_options)

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        raise EgressRefused("Only addresses on the internet can be reached.")


def check_url(url: str) -> str:
    """Return `url` when its form is allowed: http or https, its usual port, no user name in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise EgressRefused("This is not an address.") from error
    if not url.isascii():
        raise EgressRefused("Write the address in plain letters; international names in their xn-- form.")
    if parts.scheme not in PORTS or not parts.hostname:
        raise EgressRefused("Only http:// and https:// addresses can be reached.")
    if parts.username is not None or parts.password is not None:
        raise EgressRefused("An address must not carry a user name or password.")
    if port not in (None, PORTS[parts.scheme]):
        raise EgressRefused("Only the usual ports of http and https can be reached.")
    return url


def request(
    method: str, url: str, *, purpose: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Answer:
    """Send one request for a named purpose; logged, and refused unless settings.EGRESS lists the purpose.

    Raises EgressRefused for a forbidden address, a redirect or too large an answer, httpcore.TimeoutException or
    httpcore.NetworkError for a host that does not answer in SECONDS.
    """
    if purpose not in settings.EGRESS:
        raise EgressRefused(f"Reaching other hosts for “{purpose}” is switched off here.")
    host = urlsplit(check_url(url)).hostname
    timeout = {"connect": SECONDS, "read": SECONDS, "write": SECONDS, "pool": SECONDS}
    with (
        httpcore.ConnectionPool(network_backend=_Pinned(), max_connections=1) as pool,
        pool.stream(
            method, url, headers=list((headers or {}).items()), content=body, extensions={"timeout": timeout}
        ) as answer,
    ):
        log.info("egress purpose=%s method=%s host=%s status=%s", purpose, method, host, answer.status)
        if 300 <= answer.status < 400:
            raise EgressRefused(f"{host} sends us elsewhere; redirects are not followed.")
        known = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
        return Answer(answer.status, known, _read(answer))


def _read(answer: httpcore.Response) -> bytes:
    body = bytearray()
    for piece in answer.iter_stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise EgressRefused("The answer is larger than 1 MB.")
    return bytes(body)
