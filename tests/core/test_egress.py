"""The way out: what may be reached, and that a public name with a private address reaches nothing."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from core import egress
from core.egress import EgressRefused

PRIVATE = [
    "127.0.0.1",
    "127.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "239.1.1.1",
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.5",
    "240.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001:0:1::1",
    "2001:db8::1",
]
FORMS = [
    "file:///etc/passwd",
    "ftp://example.com/",
    "gopher://example.com/",
    "unix:/run/x",
    "https://user:word@example.com/",
    "https://user@example.com/",
    "http://example.com:22/",
    "https://example.com:8443/",
    "http:///path",
    "https://[::1",
    "//example.com",
    "javascript:1",
]
DISGUISES = [
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://localhost/",
    "http://localhost./",
    "http://[::ffff:127.0.0.1]/",
    "http://①②⑦.⓪.⓪.①/",
    "http://127.0.0.1.:80/",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_reachable(address: str) -> None:
    assert egress.may_reach(address) is False


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_reachable(address: str) -> None:
    assert egress.may_reach(address) is True


@pytest.mark.parametrize("url", FORMS)
def test_other_schemes_ports_and_user_names_are_refused(url: str) -> None:
    with pytest.raises(EgressRefused):
        egress.check_url(url)


@pytest.mark.parametrize("url", DISGUISES)
def test_loopback_in_disguise_is_refused_before_a_connection(url: str, settings: Any) -> None:
    settings.EGRESS = {"test"}
    with pytest.raises(EgressRefused):
        egress.request("GET", url, purpose="test")


def test_a_purpose_that_is_not_listed_reaches_nothing(settings: Any) -> None:
    assert frozenset() == settings.EGRESS
    with pytest.raises(EgressRefused, match="switched off"):
        egress.request("GET", "https://example.com/", purpose="webhooks")


class _Web(BaseHTTPRequestHandler):
    hits: list[str] = []

    def do_GET(self) -> None:
        self.hits.append(self.headers["Host"])
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1/")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x" * (2_000_000 if self.path == "/large" else 5))

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[int]:
    """A local server that stands for a public one: its address counts as public, port 80 is its own port."""
    server = HTTPServer(("127.0.0.1", 0), _Web)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _Web.hits = []
    settings.EGRESS = {"test"}
    port = server.server_address[1]
    monkeypatch.setitem(egress.PORTS, "http", port)
    monkeypatch.setattr(egress, "may_reach", lambda address: address == "127.0.0.1")
    yield port
    server.shutdown()
    server.server_close()


def _resolves(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def answer(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(egress.socket, "getaddrinfo", answer)


def test_an_allowed_host_is_reached_by_its_checked_address(web: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo
    monkeypatch.setattr(egress, "resolve", lambda host, port: ["127.0.0.1"])
    answer = egress.request("GET", f"http://partner.example:{web}/", purpose="test")
    assert (answer.status, answer.body, _Web.hits) == (200, b"xxxxx", [f"partner.example:{web}"])
    assert socket.getaddrinfo is real


def test_one_private_address_among_public_ones_refuses_the_host(web: int, monkeypatch: pytest.MonkeyPatch) -> None:
    _resolves(monkeypatch, "127.0.0.1", "10.0.0.1")
    with pytest.raises(EgressRefused, match="10.0.0.1"):
        egress.request("GET", f"http://partner.example:{web}/", purpose="test")
    assert _Web.hits == []


def test_redirects_are_not_followed(web: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "resolve", lambda host, port: ["127.0.0.1"])
    with pytest.raises(EgressRefused, match="redirects"):
        egress.request("GET", f"http://partner.example:{web}/elsewhere", purpose="test")
    assert len(_Web.hits) == 1


def test_a_large_answer_is_cut_off(web: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress, "resolve", lambda host, port: ["127.0.0.1"])
    with pytest.raises(EgressRefused, match="1 MB"):
        egress.request("GET", f"http://partner.example:{web}/large", purpose="test")
