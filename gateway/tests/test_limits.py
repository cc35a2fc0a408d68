import asyncio
import math
import re

import pytest
from gateway.limits import Limiter, Policy, address_key
from hypothesis import given
from hypothesis import strategies as st

from .conftest import OpenGateway, Play, Signer, is_problem, read_head


def test_a_bucket_is_emptied_at_once_and_refills_evenly() -> None:
    limiter = Limiter(Policy("reads", 6), remember=10)
    assert [limiter.take("a", 100.0).allowed for _ in range(7)] == [True] * 6 + [False]
    assert not limiter.take("a", 109.9).allowed
    assert limiter.take("a", 110.0).allowed
    assert not limiter.take("a", 110.0).allowed
    assert limiter.take("a", 200.0).headers[1] == (b"ratelimit", b'"reads";r=5;t=10')


def test_the_headers_say_the_rule_and_what_remains() -> None:
    limiter = Limiter(Policy("auth", 20), remember=10)
    verdicts = [limiter.take("a", 0.0) for _ in range(21)]
    assert verdicts[0].headers == (
        (b"ratelimit-policy", b'"auth";q=20;w=60'),
        (b"ratelimit", b'"auth";r=19;t=3'),
    )
    assert verdicts[19].headers[1] == (b"ratelimit", b'"auth";r=0;t=60')
    assert (verdicts[20].allowed, verdicts[20].wait) == (False, 3)


def test_one_client_does_not_use_up_anothers() -> None:
    limiter = Limiter(Policy("reads", 1), remember=10)
    assert limiter.take("a", 0.0).allowed
    assert limiter.take("b", 0.0).allowed
    assert not limiter.take("a", 0.0).allowed


def test_what_is_remembered_is_bounded_and_the_busy_stay() -> None:
    limiter = Limiter(Policy("reads", 2), remember=100)
    for n in range(1000):
        limiter.take("busy", 0.0)
        limiter.take(n, 0.0)
    assert len(limiter) == 100
    assert limiter.exhausted("busy", 0.0)


@given(st.integers(1, 200), st.lists(st.floats(0, 5), max_size=300))
def test_no_window_lets_more_than_twice_the_quota_through_and_a_told_wait_is_enough(
    quota: int, gaps: list[float]
) -> None:
    limiter = Limiter(Policy("x", quota), remember=10)
    now, let_in = 1000.0, []
    for gap in gaps:
        now += gap
        verdict = limiter.take("a", now)
        remaining = int(re.search(rb"r=(\d+)", verdict.headers[1][1])[1])  # type: ignore[index]
        assert 0 <= remaining < quota or (remaining == 0 and not verdict.allowed)
        if verdict.allowed:
            let_in.append(now)
        else:
            assert verdict.wait >= 1
            assert not limiter.exhausted("a", now + verdict.wait)
    for start in let_in:
        assert sum(start <= at < start + 60 for at in let_in) <= 2 * quota


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("unknown", "unknown", True),
    ],
)
def test_an_ipv6_subscriber_is_one_client(one: str, other: str, same: bool) -> None:
    assert (address_key(one) == address_key(other)) is same


async def test_guessing_is_slowed_down_per_address_whoever_it_claims_to_be(
    open_gateway: OpenGateway, signer: Signer
) -> None:
    door = open_gateway(limits_factor=1.0, auth_rate=3)
    async with door.client() as client:
        for n in range(3):
            answer = await client.post(
                "/api/v1/auth/login", json={}, headers={"x-forwarded-for": f"192.0.2.{n}"}
            )
            assert answer.status_code == 200
            assert answer.headers["ratelimit"].startswith(f'"auth";r={2 - n};')
        answer = await client.post(
            "/api/v1/auth/register", json={}, headers={"authorization": f"Bearer {signer.token()}"}
        )
        is_problem(answer, 429, "too-many-requests")
        assert answer.headers["ratelimit-policy"] == '"auth";q=3;w=60'
        assert answer.headers["ratelimit"].startswith('"auth";r=0;t=')
        assert 1 <= int(answer.headers["retry-after"]) <= math.ceil(60 / 3)
        # Reading goes on.
        assert (await client.get("/api/v1/courses")).status_code == 200


async def test_reads_and_writes_are_counted_apart_and_per_person(
    open_gateway: OpenGateway, signer: Signer
) -> None:
    door = open_gateway(limits_factor=1.0, read_rate=2, write_rate=1)
    people = [{"authorization": f"Bearer {signer.token(sub=str(n))}"} for n in (1, 2)]
    async with door.client() as client:
        for headers in people:
            statuses = [
                (await client.request(method, "/api/v1/courses", headers=headers)).status_code
                for method in ("GET", "POST", "GET", "GET", "POST")
            ]
            assert statuses == [200, 200, 200, 429, 429]


async def test_limits_are_wider_by_the_factor(open_gateway: OpenGateway) -> None:
    door = open_gateway(limits_factor=100.0, auth_rate=20)
    async with door.client() as client:
        answer = await client.post("/api/v1/auth/login", json={})
    assert answer.headers["ratelimit-policy"] == '"auth";q=2000;w=60'


async def test_forged_tokens_wear_out_an_address_and_not_the_person(
    open_gateway: OpenGateway, signer: Signer
) -> None:
    door = open_gateway(limits_factor=1.0, forged_rate=3)
    forged = {"authorization": f"Bearer {Signer('k1').token()}"}
    async with door.client() as client:
        statuses = [(await client.get("/api/v1/courses", headers=forged)).status_code for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        assert (await client.get("/api/v1/courses")).status_code == 200


async def test_paths_that_are_not_there_count_too(open_gateway: OpenGateway) -> None:
    door = open_gateway(limits_factor=1.0, read_rate=2)
    async with door.client() as client:
        statuses = [(await client.get(f"/api/v1/scan/{n}")).status_code for n in range(3)]
        assert statuses == [404, 404, 429]
        assert (await client.get("/healthz")).status_code == 200


async def test_a_client_has_so_many_streams(open_gateway: OpenGateway, play: Play) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: open\n\n")
        await reader.read()

    url = play(script).gateway.settings.service_urls["analytics"]
    door = open_gateway({"analytics": url}, streams_per_client=2)
    async with door.client() as client, client.stream("GET", "/api/v1/stats/stream") as first:
        async with client.stream("GET", "/api/v1/stats/stream") as second:
            assert (first.status_code, second.status_code) == (200, 200)
            is_problem(await client.get("/api/v1/stats/stream"), 429, "too-many-requests")
            assert (await client.get("/api/v1/courses")).status_code == 200
        await asyncio.sleep(0.1)
        async with client.stream("GET", "/api/v1/stats/stream") as third:
            assert third.status_code == 200
