"""A server is reached in TLS and through proxies, as the environment says, within the same bounds."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.made_up.played_connections import chunked
from tests.made_up.raw_server import RawServer, page, trickle
from wattbench.clock import now_s
from wattbench.network.connection import Allowance
from wattbench.network.connections import Connections, LateConnectionError, NoConnectionError
from wattbench.network.urls import read_url

pytestmark = pytest.mark.slow

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def ask(url: str, *, seconds: float = 20.0, of: Connections | None = None) -> tuple[int, bytes]:
    """Send a GET, and read its answer."""
    of = of or Connections(read_url(url), {})
    with of.exchange(of.take(Allowance(seconds, 1 << 20)), read_url(url)) as answer:
        return answer.status, answer.body()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine's own making, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("far.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


class TlsServer(RawServer):
    """The same in TLS."""

    def __init__(self, certificate: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        super().__init__()
        self.url = f"https://127.0.0.1:{self.port}/"
        self.connections = 0

    def _serve(self, connection: Any) -> None:
        self.connections += 1
        try:
            super()._serve(self._context.wrap_socket(connection, server_side=True))
        except OSError:
            """The client has gone, or does not trust it."""


@pytest.fixture
def tls(certificate: Path) -> Iterator[TlsServer]:
    server = TlsServer(certificate)
    yield server
    server.close()


def test_a_certificate_that_the_environment_names_is_trusted(
    tls: TlsServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    seen = threading.Event()
    tls.gets = [HEAD + chunked(b"one", end=b""), lambda _: seen.wait(20), chunked(b"x" * 100_000)]
    of = Connections(read_url(tls.url), {})
    for _ in range(3):
        seen.clear()
        with of.exchange(of.take(Allowance(20.0, 1 << 20)), of.url) as answer:
            pieces = answer.pieces()
            assert next(pieces).data == b"one"
            seen.set()
            assert b"".join(data for _, data in pieces) == b"x" * 100_000
    of.drop()
    assert tls.connections == 1, "it is used again"


def test_another_certificate_is_not(tls: TlsServer) -> None:
    with pytest.raises(NoConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(tls.url)
    assert tls.requests == []


def test_nor_is_one_of_another_host(tls: TlsServer, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(NoConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(tls.url.replace("127.0.0.1", "localhost"))


@pytest.mark.parametrize("drop", [chunked(b"d", end=b""), b"0"])
def test_what_trickles_in_tls_ends_in_time(
    tls: TlsServer, certificate: Path, drop: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls.gets = trickle(HEAD, drop)
    began_s = now_s()
    with pytest.raises(TimeoutError):
        ask(tls.url, seconds=0.5)
    assert now_s() - began_s < 2.5  # what trickles takes 3 seconds


def test_a_server_that_does_not_begin_tls_ends_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(LateConnectionError):
        ask(f"https://127.0.0.1:{silent.getsockname()[1]}/", seconds=0.3)


class Proxy(RawServer):
    """Connects all that it is asked for to one server."""

    def __init__(self, server: RawServer | None = None, answer: bytes = b"HTTP/1.1 200 Go\r\n\r\n") -> None:
        self._server, self._answer = server, answer
        super().__init__()
        self.url = f"http://us%40er:pass@127.0.0.1:{self.port}"

    def _serve(self, connection: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n") and (byte := connection.recv(1)):
            head += byte
        self.requests.append(head)
        if not head.startswith(b"CONNECT"):
            connection.sendall(page(b"by the proxy"))
            return
        connection.sendall(self._answer)
        if self._server is None:
            self._over.wait(20)
            return
        with socket.create_connection(("127.0.0.1", self._server.port)) as server:
            pipes = [threading.Thread(target=_copy, args=ends, daemon=True) for ends in (
                (connection, server), (server, connection),
            )]  # fmt: skip
            for pipe in pipes:
                pipe.start()
            for pipe in pipes:
                pipe.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        """One of them has gone."""


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


CREDENTIALS = b"Proxy-Authorization: Basic dXNAZXI6cGFzcw=="


def test_a_server_in_tls_is_reached_through_a_tunnel(
    tls: TlsServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Proxy(tls)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    tls.gets = [page(b"by the server")]
    of = Connections(read_url("https://me:secret@far.test/v1"), {})
    for _ in range(2):
        assert ask("https://far.test/v1/models", of=of) == (200, b"by the server")
    of.drop()
    proxy.close()
    [head] = proxy.requests
    assert head.startswith(b"CONNECT far.test:443 HTTP/1.1\r\n")
    assert CREDENTIALS in head
    assert b"secret" not in head
    assert len(tls.requests) == 2
    assert all(b"Proxy-Authorization" not in each for each in tls.requests)


@pytest.mark.parametrize("name", ["http_proxy", "ALL_PROXY"])
def test_a_server_without_tls_is_asked_of_the_proxy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Proxy()
    monkeypatch.setenv(name, proxy.url.removeprefix("http://"))
    assert ask("http://far.test:81/v1?x=1") == (200, b"by the proxy")
    proxy.close()
    [head] = proxy.requests
    assert head.startswith(b"GET http://far.test:81/v1?x=1 HTTP/1.1\r\n")
    assert b"Host: far.test:81" in head
    assert CREDENTIALS in head


def test_what_no_proxy_names_and_this_machine_are_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    server = RawServer()
    server.gets = [page(b"itself")]
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert ask(server.base_url) == (200, b"itself")
    monkeypatch.setenv("no_proxy", "elsewhere.test,far.test")
    monkeypatch.setattr(socket, "getaddrinfo", _always(server.port, socket.getaddrinfo))
    assert ask(f"http://x.far.test:{server.port}/") == (200, b"itself")
    server.close()


def _always(port: int, resolve: Any) -> Any:
    def answer(host: str, *rest: Any, **more: Any) -> Any:
        return resolve("127.0.0.1" if host == "x.far.test" else host, *rest, **more)

    return answer


@pytest.mark.parametrize(
    ("answer", "seconds", "message"),
    [
        (b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n", 5.0, r"the proxy http://127.0.0.1:\d+ answered HTTP 407"),
        (b"nonsense\r\n\r\n", 5.0, "nonsense"),
        (b"HTTP/1.1 200 Go\r\nX: ", 0.3, "no time|timed out"),
        (b"HTTP/1.1 200 Go\r\nX: " + b"x" * 100_000, 5.0, "more than 65536 bytes"),
    ],
)
def test_a_proxy_that_makes_no_connection(
    answer: bytes, seconds: float, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = Proxy(answer=answer)
    monkeypatch.setenv("https_proxy", proxy.url)
    with pytest.raises(NoConnectionError, match=message) as refused:
        ask("https://far.test/", seconds=seconds)
    proxy.close()
    assert "pass" not in str(refused.value)


@pytest.mark.parametrize("url", ["socks5://me:word@127.0.0.1:9", "https://me:word@127.0.0.1:9", "http://h:99999"])
def test_what_is_no_proxy_of_http_is_named(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", url)
    with pytest.raises(ValueError, match=r"proxy|port") as refused:
        Connections(read_url("http://far.test/"), {})
    assert "word" not in str(refused.value)


def test_by_ipv6() -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    heads: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        heads.append(connection.recv(1 << 16))
        connection.sendall(page(b"six"))

    with listener:
        threading.Thread(target=serve, daemon=True).start()
        port = listener.getsockname()[1]
        assert ask(f"http://[::1]:{port}/") == (200, b"six")
    assert b"Host: [::1]:%d\r\n" % port in heads[0]


@pytest.mark.parametrize("url", ["http://", "http:///v1", "ftp://far.test/", "far.test/v1", ""])
def test_what_is_no_url_of_http_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not one of HTTP"):
        Connections(read_url(url), {})
