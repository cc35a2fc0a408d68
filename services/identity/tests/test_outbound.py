"""The way out, against real servers on loopback: whoever is not named must not hear from us."""

import asyncio
import contextlib
import datetime
import ssl
import warnings
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from identity import outbound as module
from identity.outbound import Outbound, Refused

JSON = b'{"issuer":"here"}'
Answer = Callable[[asyncio.StreamWriter], object]


class Heard:
    """A server that speaks HTTP/1.1 by hand, so that it can misbehave; it notes who came."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.connections = 0
        self.port = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            done = self.answer(writer)
            if asyncio.iscoroutine(done):
                await done
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def listening(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Heard]:
    heard = Heard(answer)
    server = await asyncio.start_server(heard, "127.0.0.1", 0, ssl=tls)
    heard.port = server.sockets[0].getsockname()[1]
    try:
        yield heard
    finally:
        server.close()


def plain(
    body: bytes = JSON, *headers: str, status: str = "200 OK", kind: str = "application/json"
) -> Answer:
    def answer(writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return answer


class Names:
    """A resolver that says what it is told, one answer after the other, and counts the questions."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


async def test_a_named_host_may_be_private() -> None:
    async with listening(plain()) as heard:
        outbound = Outbound([f"127.0.0.1:{heard.port}"])
        assert await outbound.get_json(f"http://127.0.0.1:{heard.port}/x?y=1") == {"issuer": "here"}
    (request,) = heard.requests
    assert request.startswith(b"GET /x?y=1 HTTP/1.1\r\n")
    assert b"accept-encoding: identity" in request.lower()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0.0.0.0",
        "localhost",
        "LOCALHOST",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::1]",
        "[::]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nobody_else_on_this_machine_hears_from_us(host: str, scheme: str) -> None:
    async with listening(plain()) as heard:
        with pytest.raises(Refused):
            await Outbound([f"127.0.0.1:{heard.port + 1}"]).get_json(f"{scheme}://{host}:{heard.port}/")
        assert heard.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%lo"],
        ["169.254.169.254"],
        ["10.0.0.7"],
        ["fd00:ec2::254"],
        [],
    ],
)
async def test_one_bad_address_of_a_name_is_enough(addresses: list[str]) -> None:
    names = Names(addresses)
    with pytest.raises(Refused):
        await Outbound(resolve=names).get_json("https://idp.example/")
    assert names.asked == ["idp.example"]


async def test_a_named_host_does_not_lead_to_the_metadata() -> None:
    outbound = Outbound(["idp.corp:80"], resolve=Names(["169.254.169.254"]))
    with pytest.raises(Refused):
        await outbound.get_json("http://idp.corp/latest/meta-data/")


async def test_only_the_named_port_of_a_host_is_named() -> None:
    outbound = Outbound(["idp.corp:8443"], resolve=Names(["10.0.0.7"]))
    with pytest.raises(Refused):
        await outbound.get_json("https://idp.corp:5432/")


async def test_a_name_that_changes_its_mind_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: a public address when it is judged, ours when it would be connected to."""
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.2)
    async with listening(plain()) as heard:
        names = Names(["198.41.0.4"], ["127.0.0.1"])
        outbound = Outbound(resolve=names)
        with pytest.raises(httpx.TransportError):
            await outbound.get_json(f"https://idp.example:{heard.port}/")
        assert names.asked == ["idp.example"]
        with pytest.raises(Refused):
            await outbound.get_json(f"https://idp.example:{heard.port}/")
        assert heard.connections == 0


async def test_the_judged_address_is_the_one_connected_to() -> None:
    async with listening(plain()) as heard:
        names = Names(["127.0.0.1"], ["127.0.0.99"])
        outbound = Outbound([f"idp.corp:{heard.port}"], resolve=names)
        assert await outbound.get_json(f"http://idp.corp:{heard.port}/") == {"issuer": "here"}
        assert names.asked == ["idp.corp"]
        assert b"host: idp.corp" in heard.requests[0].lower()


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    async with listening(plain()) as heard:
        outbound = Outbound([f"idp.corp:{heard.port}"], resolve=Names(["::1", "127.0.0.1"]))
        assert await outbound.get_json(f"http://idp.corp:{heard.port}/") == {"issuer": "here"}


@pytest.mark.parametrize(
    "url",
    [
        "http://idp.example/",
        "ftp://idp.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "https:///nothing",
        "https://user:secret@idp.example/",
        "https://idp.example/#fragment",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1%25eth0]/",
        "idp.example",
        "//idp.example/",
        "https://idp.example:99999/",
        "https://exa mple/",
        "",
    ],
)
async def test_urls_we_do_not_ask(url: str) -> None:
    names = Names(["8.8.8.8"])
    with pytest.raises(Refused):
        Outbound(resolve=names).refuse_unless_allowed(url)
    with pytest.raises((httpx.TransportError, httpx.InvalidURL)):
        await Outbound(resolve=names).get_json(url)
    assert names.asked == []


@pytest.mark.parametrize("follow", [False, True])
async def test_a_redirect_is_no_answer(follow: bool) -> None:
    async with (
        listening(plain()) as secret,
        listening(
            lambda writer: plain(b"", f"Location: http://127.0.0.1:{secret.port}/", status="302 Found")(
                writer
            )
        ) as heard,
    ):
        async with Outbound([f"127.0.0.1:{heard.port}"]).client() as client:
            client.follow_redirects = follow
            with pytest.raises(Refused):
                await client.get(f"http://127.0.0.1:{heard.port}/")
        assert (heard.connections, secret.connections) == (1, 0)


async def test_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(plain()) as proxy, listening(plain()) as heard:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        outbound = Outbound([f"127.0.0.1:{heard.port}"])
        assert await outbound.get_json(f"http://127.0.0.1:{heard.port}/") == {"issuer": "here"}
        assert proxy.connections == 0


async def test_a_huge_answer_is_not_read_to_its_end() -> None:
    written = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for _ in range(10_000):
            writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            await writer.drain()
            written += 65536

    async with listening(flood) as heard:
        with pytest.raises(Refused, match="larger"):
            await Outbound([f"127.0.0.1:{heard.port}"]).get_json(f"http://127.0.0.1:{heard.port}/")
    assert written < 50 << 20


async def test_a_slow_drip_ends_at_the_deadline() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def silence(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    started = asyncio.get_running_loop().time()
    for slow in (drip, silence):
        async with listening(slow) as heard:
            outbound = Outbound([f"127.0.0.1:{heard.port}"], total_seconds=0.5)
            with pytest.raises(httpx.ReadTimeout):
                await outbound.get_json(f"http://127.0.0.1:{heard.port}/")
    assert asyncio.get_running_loop().time() - started < 5


async def test_a_name_server_that_does_not_answer_ends_at_the_deadline() -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(30)
        return []

    with pytest.raises(httpx.ReadTimeout):
        await Outbound(resolve=never, total_seconds=0.2).get_json("https://idp.example/")


async def test_a_compressed_answer_is_not_unpacked() -> None:
    async with listening(plain(b"\x1f\x8b", "Content-Encoding: gzip")) as heard:
        with pytest.raises(Refused, match="compressed"):
            await Outbound([f"127.0.0.1:{heard.port}"]).get_json(f"http://127.0.0.1:{heard.port}/")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (plain(b"<html>", kind="text/html"), Refused),
        (plain(b"{", kind="application/json"), Refused),
        (plain(kind="application/json; charset=utf-8"), None),
        (plain(kind="application/jwk-set+json"), None),
        (plain(b"<h1>no</h1>", kind="text/html", status="500 Oops"), httpx.HTTPStatusError),
        (lambda writer: writer.write(b"SSH-2.0-OpenSSH_9.6\r\n"), httpx.RemoteProtocolError),
        (lambda writer: None, httpx.RemoteProtocolError),
    ],
)
async def test_only_json_is_an_answer(answer: Answer, error: type[Exception] | None) -> None:
    async with listening(answer) as heard:
        outbound = Outbound([f"127.0.0.1:{heard.port}"])
        asked = outbound.get_json(f"http://127.0.0.1:{heard.port}/")
        if error is None:
            assert await asked == {"issuer": "here"}
        else:
            with pytest.raises(error):
                await asked


def certificate(name: str, folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate for `name`, and the file of the authority to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    instant = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(instant - datetime.timedelta(hours=1))
        .not_valid_after(instant + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, file


async def test_tls_is_for_the_name_not_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, authority = certificate("idp.corp", tmp_path)
    asked_for: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    trusted = ssl.create_default_context(cafile=str(authority))
    monkeypatch.setattr(module, "_trusted", lambda: trusted)
    async with listening(plain(), context) as heard:
        here = Names(["127.0.0.1"])
        good = Outbound([f"idp.corp:{heard.port}"], resolve=here)
        assert await good.get_json(f"https://idp.corp:{heard.port}/") == {"issuer": "here"}
        assert asked_for == ["idp.corp"]
        wrong = Outbound([f"other.corp:{heard.port}"], resolve=here)
        with pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
            await wrong.get_json(f"https://other.corp:{heard.port}/")


async def test_an_authority_nobody_trusts(tmp_path: Path) -> None:
    context, _ = certificate("idp.corp", tmp_path)
    async with listening(plain(), context) as heard:
        outbound = Outbound([f"idp.corp:{heard.port}"], resolve=Names(["127.0.0.1"]))
        with pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
            await outbound.get_json(f"https://idp.corp:{heard.port}/")


async def test_authlib_goes_this_way_out() -> None:
    with warnings.catch_warnings():
        # It would rather be installed with the successor of httpx, and has that always shown once it is imported.
        from authlib.deprecate import AuthlibDeprecationWarning

        warnings.simplefilter("ignore", AuthlibDeprecationWarning)
        from authlib.integrations.httpx_client import AsyncOAuth2Client
    async with listening(plain(b'{"access_token":"a","token_type":"Bearer"}')) as heard:
        url = f"http://127.0.0.1:{heard.port}/token"
        for outbound, works in ((Outbound([f"127.0.0.1:{heard.port}"]), True), (Outbound(), False)):
            async with AsyncOAuth2Client("me", "secret", transport=outbound.transport()) as client:
                asked = client.fetch_token(url, grant_type="authorization_code", code="c")
                if works:
                    assert (await asked)["access_token"] == "a"
                else:
                    with pytest.raises(Refused):
                        await asked
        assert heard.connections == 1


def test_the_setting_names_hosts_and_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    from identity.settings import Settings

    monkeypatch.setenv("IDENTITY_SECRET_KEY", "A" * 43 + "=")
    monkeypatch.setenv("IDENTITY_OUTBOUND_ALLOWED_HOSTS", "idp.corp:443, [fd00::1]:8443")
    assert Settings().outbound_allowed_hosts == ("idp.corp:443", "[fd00::1]:8443")
    for bad in ("idp.corp", "idp.corp:0", "idp.corp:70000", ":443", "idp.corp:https"):
        monkeypatch.setenv("IDENTITY_OUTBOUND_ALLOWED_HOSTS", bad)
        with pytest.raises(ValueError, match="host:port"):
            Settings()
