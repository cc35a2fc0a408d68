import asyncio
import time
from typing import Any

import httpx
import orjson
import pytest

from .conftest import Door, Echo, OpenGateway, OpenUpstream, Play, is_problem, read_head, until

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def sent(answer: httpx.Response) -> dict[str, list[str]]:
    """The headers that the service saw."""
    headers: dict[str, list[str]] = {}
    for name, value in answer.json()["headers"]:
        headers.setdefault(name, []).append(value)
    return headers


async def test_a_request_arrives_as_it_was_sent(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/v1/courses?q=a%20b&q=c&empty=",
        content=b"x" * 1000,
        headers={"content-type": "text/x", "if-match": '"3"'},
    )
    body = answer.json()
    assert (body["method"], body["path"], body["query"], body["length"]) == (
        "POST",
        "/api/v1/courses",
        "q=a%20b&q=c&empty=",
        1000,
    )
    assert sent(answer)["content-type"] == ["text/x"]
    assert sent(answer)["if-match"] == ['"3"']
    assert sent(answer)["content-length"] == ["1000"]


async def test_an_encoded_path_arrives_encoded(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/courses/na%C3%AFve")
    assert answer.json()["raw_path"] == "/api/v1/courses/na%C3%AFve"
    assert answer.json()["path"] == "/api/v1/courses/naïve"


async def test_headers_of_the_hop_and_what_clients_claim_about_themselves_stay_here(
    client: httpx.AsyncClient, echo: Echo
) -> None:
    answer = await client.get(
        "/api/v1/courses",
        headers={
            "connection": "keep-alive, x-only-this-hop",
            "x-only-this-hop": "1",
            "keep-alive": "300",
            "te": "trailers",
            "proxy-authorization": "Basic eA==",
            "x-lyceum-user": "1",
            "x-forwarded-for": "1.2.3.4",
            "x-forwarded-proto": "https",
            "x-forwarded-host": "evil.example",
            "forwarded": "for=1.2.3.4",
            "x-real-ip": "1.2.3.4",
            "x-original-url": "/internal/users/1",
            "x-http-method-override": "DELETE",
            "host": "lyceum.example",
            "x-kept": "yes",
        },
    )
    headers = sent(answer)
    assert headers["x-forwarded-for"] == ["127.0.0.1"]
    assert headers["x-forwarded-proto"] == ["http"]
    assert headers["x-forwarded-host"] == ["lyceum.example"]
    assert [f"http://{host}" for host in headers["host"]] == [echo.url]
    assert headers["x-kept"] == ["yes"]
    assert not headers.keys() & {
        "connection",
        "x-only-this-hop",
        "keep-alive",
        "te",
        "proxy-authorization",
        "x-lyceum-user",
        "forwarded",
        "x-real-ip",
        "x-original-url",
        "x-http-method-override",
        "transfer-encoding",
    }


async def test_a_trusted_proxy_is_believed_and_nobody_else(open_gateway: OpenGateway) -> None:
    door = open_gateway(trusted_proxies=["127.0.0.0/8"])
    claims = {"x-forwarded-for": "6.6.6.6, 203.0.113.9, 127.0.0.3", "x-forwarded-proto": "https"}
    async with door.client() as client:
        headers = sent(await client.get("/api/v1/courses", headers=claims))
    assert headers["x-forwarded-for"] == ["203.0.113.9"]
    assert headers["x-forwarded-proto"] == ["https"]


async def test_request_id_and_trace_go_through_and_come_back(client: httpx.AsyncClient) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = await client.get("/api/v1/courses", headers={"x-request-id": "mine-12345", "traceparent": trace})
    assert answer.headers["x-request-id"] == "mine-12345"
    assert sent(answer)["x-request-id"] == ["mine-12345"]
    assert sent(answer)["traceparent"] == [answer.headers["traceparent"]]
    ours = answer.headers["traceparent"].split("-")
    assert ours[1] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert ours[2] != "00f067aa0ba902b7"


@pytest.mark.parametrize("given", ["short", "x" * 200, 'with "quotes"', "a\tb" * 5])
async def test_an_insane_request_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/api/v1/courses", headers={"x-request-id": given, "traceparent": "nonsense"})
    assert answer.headers.get_list("x-request-id") != [given]
    assert len(answer.headers["x-request-id"]) == 32
    assert len(answer.headers["traceparent"]) == 55


async def test_repeated_answer_headers_and_framing(play: Play) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(
            b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nServer: secret/1\r\nX-Powered-By: y\r\n"
            b"X-Lyceum-Debug: z\r\nX-Request-Id: theirs\r\nConnection: x-hop\r\nX-Hop: 1\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Trailer: t\r\n\r\n"
        )

    door = play(script)
    async with door.client() as client:
        answer = await client.get("/api/v1/courses")
    assert answer.text == "abcdefg"
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers.get_list("x-request-id") != ["theirs"]
    assert not answer.headers.keys() & {"server", "x-powered-by", "x-lyceum-debug", "x-hop", "x-trailer"}


@pytest.mark.parametrize(
    ("method", "head", "status", "length"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", 200, "1000"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", 204, None),
        ("GET", b'HTTP/1.1 304 Not Modified\r\netag: "1"\r\ncontent-length: 1000\r\n\r\n', 304, None),
    ],
)
async def test_answers_without_a_body_leave_the_connection_usable(
    play: Play, method: str, head: bytes, status: int, length: str | None
) -> None:
    connections = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            await read_head(reader)
            writer.write(head)

    door = play(script)
    async with door.client() as client:
        for _ in range(3):
            answer = await client.request(method, "/api/v1/courses")
            assert (answer.status_code, answer.content) == (status, b"")
            assert answer.headers.get("content-length") == length
    assert connections == 1


async def test_an_answer_that_ends_with_the_connection_is_whole(play: Play) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nall of it")

    door = play(script)
    async with door.client() as client:
        assert (await client.get("/api/v1/courses")).text == "all of it"
    answer = await door.raw(b"GET /api/v1/courses HTTP/1.0\r\n\r\n")
    assert answer.endswith(b"\r\n\r\nall of it")
    assert b"chunked" not in answer


async def test_informational_answers_are_not_the_answer(play: Play) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(OK)

    door = play(script)
    async with door.client() as client:
        answer = await client.get("/api/v1/courses")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert "link" not in answer.headers


async def test_server_sent_events_arrive_as_they_are_sent(play: Play) -> None:
    gone = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        for n in range(3):
            await asyncio.sleep(0.2)
            writer.write(b"9\r\ndata: %d\n\n\r\n" % n)
        await reader.read()
        gone.set()

    door = play(script)
    arrived: list[tuple[float, str]] = []
    async with door.client() as client, client.stream("GET", "/api/v1/notifications/stream") as answer:
        started = time.monotonic()
        async for text in answer.aiter_text():
            arrived.append((time.monotonic() - started, text))
            if len(arrived) == 3:
                break
    assert [text for _, text in arrived] == ["data: 0\n\n", "data: 1\n\n", "data: 2\n\n"]
    assert arrived[0][0] > 0.05, "the head waited for the first event"
    assert arrived[2][0] - arrived[0][0] > 0.2
    # The client has left: so must we.
    async with asyncio.timeout(10):
        await gone.wait()


async def test_a_client_that_leaves_takes_its_request_along(play: Play) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        asked.set()
        await reader.read()
        gone.set()

    door = play(script)
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"GET /api/v1/courses HTTP/1.1\r\nhost: x\r\n\r\n")
    async with asyncio.timeout(10):
        await asked.wait()
    assert not gone.is_set()
    writer.close()
    async with asyncio.timeout(10):
        await gone.wait()


def kept_alive(answers: list[bytes | None], seen: list[bytes]) -> Any:
    """Answer one request after the other on any connection; None closes it unanswered."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await read_head(reader)
            seen.append(head)
            answer = answers.pop(0)
            if answer is None:
                return
            writer.write(answer)

    return script


@pytest.mark.parametrize(
    ("method", "headers", "status", "times"),
    [
        ("GET", {}, 200, 3),
        ("DELETE", {}, 200, 3),
        ("POST", {"idempotency-key": "k"}, 200, 3),
        ("POST", {}, 502, 2),
    ],
)
async def test_a_connection_closed_under_our_hands_is_tried_again_where_twice_is_as_good_as_once(
    play: Play,
    method: str,
    headers: dict[str, str],
    status: int,
    times: int,
) -> None:
    seen: list[bytes] = []
    door = play(kept_alive([OK, None, OK], seen))
    path = "/api/v1/courses/5" if method == "DELETE" else "/api/v1/courses"
    async with door.client() as client:
        assert (await client.get("/api/v1/courses")).status_code == 200
        answer = await client.request(
            method, path, headers=headers, content=b"{}" if method == "POST" else None
        )
    assert answer.status_code == status
    assert len(seen) == times


async def test_a_service_that_closes_every_connection_is_tried_twice_and_no_more(play: Play) -> None:
    tries = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        await read_head(reader)

    door = play(script)
    async with door.client() as client:
        is_problem(await client.get("/api/v1/courses"), 502, "bad-gateway")
    assert tries == 2


async def test_an_idle_connection_that_the_service_closes_is_forgotten(play: Play) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(OK)
        await writer.drain()

    door = play(script)
    async with door.client() as client:
        for _ in range(5):
            assert (await client.post("/api/v1/courses", content=b"{}")).status_code == 200
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("answer", "status", "slug"),
    [
        (b"garbage\r\n\r\n", 502, "bad-gateway"),
        (b"HTTP/1.1 200 OK\r\nhalf: a he", 502, "bad-gateway"),
        (b"", 502, "bad-gateway"),
        (b"HTTP/1.1 200 OK\r\n" + b"x-filler: " + b"y" * 200_000 + b"\r\n\r\n", 502, "bad-gateway"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 500 + b"\r\n", 502, "bad-gateway"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            502,
            "bad-gateway",
        ),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 502, "bad-gateway"),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            502,
            "bad-gateway",
        ),
        (b"HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n", 502, "bad-gateway"),
    ],
)
async def test_what_is_not_an_answer_is_a_502(play: Play, answer: bytes, status: int, slug: str) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(answer)
        await writer.drain()

    door = play(script)
    async with door.client() as client:
        is_problem(await client.post("/api/v1/courses", content=b"{}"), status, slug)


async def test_half_an_answer_does_not_pass_for_a_whole_one(play: Play) -> None:
    heads = [b"content-length: 100", b"transfer-encoding: chunked"]

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await read_head(reader)
        chosen = heads[b"chunked" in head]
        body = b"half" if b"length" in chosen else b"4\r\nhalf\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\n" + chosen + b"\r\n\r\n" + body)
        await writer.drain()
        await asyncio.sleep(0.05)

    door = play(script)
    async with door.client() as client:
        for accept in ("length", "chunked"):
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get("/api/v1/courses", headers={"accept": accept})


async def test_a_service_that_is_away_is_a_503(open_gateway: OpenGateway) -> None:
    door = open_gateway({"catalog": "http://127.0.0.1:9"})
    async with door.client() as client:
        answer = await client.get("/api/v1/courses")
    is_problem(answer, 503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_service_that_does_not_answer_is_a_504(
    open_gateway: OpenGateway, upstream: OpenUpstream
) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    door = open_gateway({"catalog": await upstream(script)}, answer_timeout=0.3)
    async with door.client() as client:
        started = time.monotonic()
        is_problem(await client.get("/api/v1/courses"), 504, "gateway-timeout")
        assert time.monotonic() - started < 5


async def test_an_answer_that_stalls_is_cut(open_gateway: OpenGateway, upstream: OpenUpstream) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        await reader.read()

    door = open_gateway({"catalog": await upstream(script)}, idle_timeout=0.3)
    async with door.client() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/api/v1/courses")


async def test_connections_are_bounded_and_so_is_the_queue_for_them(
    open_gateway: OpenGateway, upstream: OpenUpstream
) -> None:
    go = asyncio.Event()
    open_now = most = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        while True:
            await read_head(reader)
            open_now += 1
            most = max(most, open_now)
            await go.wait()
            open_now -= 1
            writer.write(OK)

    door = open_gateway({"catalog": await upstream(script)}, connections_per_service=4, queue_per_service=6)
    async with door.client() as client:
        await asyncio.sleep(0.2)  # The gateway's own question for the API document is over.
        tasks = [asyncio.create_task(client.get("/api/v1/courses")) for _ in range(15)]
        await until(lambda: sum(task.done() for task in tasks) >= 5)
        await asyncio.sleep(0.1)
        assert sum(task.done() for task in tasks) == 5
        go.set()
        answers = await asyncio.gather(*tasks)
    assert sorted(answer.status_code for answer in answers) == [200] * 10 + [503] * 5
    assert most == 4
    refused = next(answer for answer in answers if answer.status_code == 503)
    is_problem(refused, 503, "unavailable")
    assert refused.headers["retry-after"] == "1"


async def test_who_leaves_the_queue_takes_no_connection_along(
    open_gateway: OpenGateway, upstream: OpenUpstream
) -> None:
    go = asyncio.Event()
    seen: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await read_head(reader)
            seen.append(head)
            await go.wait()
            writer.write(OK)

    door = open_gateway({"catalog": await upstream(script)}, connections_per_service=1)
    async with door.client() as client:
        await asyncio.sleep(0.2)
        first = asyncio.create_task(client.get("/api/v1/courses"))
        await until(lambda: bool(seen))
        for _ in range(3):
            with pytest.raises(httpx.ReadTimeout):
                await client.get("/api/v1/courses", timeout=0.1)
        go.set()
        assert (await first).status_code == 200
        assert (await client.get("/api/v1/courses")).status_code == 200
    assert len(seen) == 2


async def test_more_than_can_be_answered_is_refused_at_once(
    open_gateway: OpenGateway, upstream: OpenUpstream
) -> None:
    go = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        await go.wait()
        writer.write(OK)

    door = open_gateway({"catalog": await upstream(script)}, max_in_flight=3)
    async with door.client() as client:
        tasks = [asyncio.create_task(client.get("/api/v1/courses")) for _ in range(8)]
        await until(lambda: sum(task.done() for task in tasks) >= 5)
        go.set()
        answers = await asyncio.gather(*tasks)
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [503] * 5


async def test_two_hundred_at_once_each_get_their_own_answer(open_gateway: OpenGateway) -> None:
    # Not the shared one, which gives a client half a second to begin.
    door = open_gateway()

    async def ask(n: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        for turn in range(5):
            body = b"%d" % n
            writer.write(
                b"POST /api/v1/courses/%d/publish?turn=%d HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%s"
                % (n, turn, len(body), body)
            )
            head = await read_head(reader)
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            answer = orjson.loads(await reader.readexactly(length))
            assert answer["path"] == f"/api/v1/courses/{n}/publish"
            assert (answer["query"], answer["length"]) == (f"turn={turn}", len(body))
        writer.close()

    await asyncio.gather(*map(ask, range(200)))
    assert door.gateway.proxy.pools["catalog"].open <= 100


async def test_an_error_of_our_own_is_a_problem_too(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_path: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(door.gateway.site, "page", broken)
    async with door.client() as client:
        answer = await client.get("/api/v1/courses")
    is_problem(answer, 500, "internal")
    assert "ZeroDivision" not in answer.text
