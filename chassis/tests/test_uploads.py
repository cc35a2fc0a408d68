"""Bodies that are files: larger than others where an endpoint says so, as they come, over a real connection."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from chassis.testing import serving
from chassis.web import CurrentUser, Router, service_app, uploads
from chassis.web.body_limit import takes_up_to
from chassis.web.uploads import UploadCutOff, file_body, small_upload, upload_of
from fastapi import FastAPI, Path, Request

MIB = 2**20
KINDS = ("application/pdf", "text/plain")
cut_off: list[int] = []
working: asyncio.Event | None = None
router = Router(prefix="/api/v1")


@router.put("/files/{number}", openapi_extra=file_body(*KINDS))
@takes_up_to(20 * MIB)
async def put_file(request: Request, number: Annotated[int, Path()]) -> dict[str, int]:
    size = 0
    try:
        async for chunk in upload_of(request, KINDS):
            size += len(chunk)
    except UploadCutOff:
        cut_off.append(size)
        raise
    return {"number": number, "size": size}


@router.put("/small", openapi_extra=file_body(*KINDS))
@takes_up_to(5 * MIB)
async def put_small(request: Request) -> dict[str, int]:
    async with small_upload(request, KINDS, 3 * MIB) as content:
        if working is not None:
            await working.wait()
        return {"size": len(content)}


@router.post("/files/{number}")
async def post_file(request: Request, _user: CurrentUser, number: Annotated[int, Path()]) -> dict[str, int]:
    return {"number": number, "size": len(await request.body())}


@router.put("/plain")
async def put_plain(request: Request) -> dict[str, int]:
    return {"size": len(await request.body())}


@pytest.fixture
async def url(settings: Any) -> AsyncIterator[str]:
    app: FastAPI = service_app(settings, title="Files", routers=[router])
    async with serving(app, lifespan="on") as url:
        yield f"{url}/api/v1"


async def pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // (MIB // 2)):
        yield bytes(MIB // 2)


PDF = {"Content-Type": "application/pdf"}


async def test_an_endpoint_takes_what_it_says_and_the_others_what_all_do(url: str) -> None:
    async with httpx.AsyncClient(timeout=30) as client:
        for content in (bytes(20 * MIB), pieces(20 * MIB)):
            answer = await client.put(f"{url}/files/7", content=content, headers=PDF)
            assert answer.json() == {"number": 7, "size": 20 * MIB}
        for path, content in [
            ("/plain", bytes(2 * MIB + 1)),
            ("/plain", pieces(3 * MIB)),
            ("/nothing", bytes(2 * MIB + 1)),
            ("/small", pieces(4 * MIB)),
            ("/small", bytes(4 * MIB)),
            ("/small", pieces(6 * MIB)),
            ("/files/7/8", bytes(3 * MIB)),
        ]:
            answer = await client.put(url + path, content=content, headers=PDF)
            assert (answer.status_code, answer.json()["type"]) == (413, "/problems/payload-too-large"), path
            assert answer.headers["content-type"] == "application/problem+json"
        answer = await client.post(f"{url}/files/7", content=bytes(3 * MIB), headers=PDF)
        assert answer.status_code == 413, "another method of the same path"


async def test_a_body_over_the_endpoints_own_limit_is_refused(url: str) -> None:
    async with httpx.AsyncClient(timeout=30) as client:
        answer = await client.put(f"{url}/files/7", content=pieces(21 * MIB), headers=PDF)
        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/payload-too-large")
    # Declared, and so refused before any of it is sent.
    port = int(url.split(":")[2].split("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"PUT /api/v1/files/7 HTTP/1.1\r\nHost: x\r\nContent-Type: application/pdf\r\n"
        b"Content-Length: 999999999999\r\n\r\n"
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    assert b" 413 " in head
    writer.close()


@pytest.mark.parametrize(
    "kind", ["", "multipart/form-data; boundary=x", "text/html", "image/svg+xml", "application/json"]
)
async def test_another_kind_is_refused(url: str, kind: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.put(f"{url}/small", content=b"x", headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/unsupported-media-type")
    assert "application/pdf" in answer.json()["detail"]


async def test_a_kind_may_have_parameters_and_need_not_be_known(url: str) -> None:
    async with httpx.AsyncClient() as client:
        for kind in ("Text/Plain; charset=utf-8", "application/octet-stream"):
            answer = await client.put(f"{url}/small", content=b"abc", headers={"Content-Type": kind})
            assert answer.json() == {"size": 3}


async def test_an_upload_that_breaks_off_is_noticed(url: str) -> None:
    cut_off.clear()
    port = int(url.split(":")[2].split("/")[0])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"PUT /api/v1/files/7 HTTP/1.1\r\nHost: x\r\nContent-Type: application/pdf\r\n"
        b"Content-Length: 1000\r\n\r\n" + bytes(400)
    )
    await writer.drain()
    await asyncio.sleep(0.2)
    writer.close()
    async with asyncio.timeout(10):
        while not cut_off:  # noqa: ASYNC110 - what is waited for happens in the server
            await asyncio.sleep(0.02)
    assert cut_off == [400]


async def test_only_so_much_is_held_at_a_time(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four are worked on while two more come: these are told to come back, and then they may."""
    monkeypatch.setattr(uploads, "HELD_AT_MOST", 8 * MIB)
    goes_on = asyncio.Event()
    monkeypatch.setitem(globals(), "working", goes_on)
    async with httpx.AsyncClient(timeout=30) as client:

        async def send() -> httpx.Response:
            return await client.put(f"{url}/small", content=bytes(2 * MIB), headers=PDF)

        first = [asyncio.create_task(send()) for _ in range(4)]
        async with asyncio.timeout(10):
            while uploads._held < 8 * MIB:  # noqa: ASYNC110 - what is waited for happens in the server
                await asyncio.sleep(0.02)
        late = [await send() for _ in range(2)]
        assert [answer.status_code for answer in late] == [503, 503]
        assert late[0].headers["retry-after"] == "5"
        goes_on.set()
        assert [(await one).json() for one in first] == [{"size": 2 * MIB}] * 4
        assert (await send()).status_code == 200
    assert uploads._held == 0


async def test_the_document_says_what_to_send(settings: Any) -> None:
    document = service_app(settings, title="Files", routers=[router]).openapi()
    body = document["paths"]["/api/v1/files/{number}"]["put"]["requestBody"]
    assert set(body["content"]) == set(KINDS)
    assert body["content"]["text/plain"]["schema"] == {"type": "string", "format": "binary"}
