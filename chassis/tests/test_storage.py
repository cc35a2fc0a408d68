"""Files on a local disk and in a real S3: whole or not there, bounded in memory, under keys that lead nowhere else."""

import asyncio
import os
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from chassis.settings import ServiceSettings
from chassis.storage import (
    FileTooLarge,
    NotStored,
    RangeBeyondEnd,
    Storage,
    StorageAway,
    is_key,
    new_key,
)
from chassis.testing_s3 import S3Server

MIB = 2**20


class Settings(ServiceSettings, env_prefix="STORAGE_TEST_"):
    service = "storage-test"


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture(params=["disk", "s3"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """The settings of a storage of this test's own."""
    if request.param == "disk":
        return {"storage_url": f"file://{tmp_path}/the%20files"}
    found: dict[str, Any] = request.getfixturevalue("s3").settings(new_key("test"))
    return found


@pytest.fixture
def storage(given: dict[str, Any]) -> Storage:
    return Storage(Settings(**given))


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def keys_in(storage: Storage, folder: str) -> list[str]:
    return sorted([found.key async for found in storage.list_below(folder)])


def left_on_disk(given: dict[str, Any]) -> list[str]:
    folder = Path(given["storage_url"].removeprefix("file://").replace("%20", " "))
    return [name for _, _, names in os.walk(folder) for name in names]


async def test_what_is_put_is_there_until_it_is_deleted(storage: Storage) -> None:
    key = new_key("things", 7, suffix=".bin")
    content = os.urandom(300_000)
    assert await storage.put(key, content, at_most=MIB, content_type="image/webp") == 300_000
    opened = await storage.open(key)
    assert (opened.stored.key, opened.stored.size) == (key, 300_000)
    assert (opened.start, opened.end) == (0, 300_000)
    assert await opened.read() == content
    known = await storage.find(key)
    assert known == opened.stored
    assert known.etag.startswith('"')
    assert abs(known.modified.timestamp() - time.time()) < 60
    await storage.delete(key)
    await storage.delete(key)
    for ask in (storage.find, storage.open):
        with pytest.raises(NotStored):
            await ask(key)


async def test_a_stream_is_put_together(storage: Storage) -> None:
    key = new_key("things")
    parts = [os.urandom(size) for size in (1, 70_000, 0, 9 * MIB, 3)]
    assert (
        await storage.put(key, stream(*parts), at_most=20 * MIB, content_type="text/plain")
        == 9 * MIB + 70_004
    )
    assert await (await storage.open(key)).read() == b"".join(parts)


async def test_a_file_may_be_empty(storage: Storage) -> None:
    for content in (b"", stream(), stream(b"", b"")):
        key = new_key("things")
        assert await storage.put(key, content, at_most=10, content_type="text/plain") == 0
        assert await (await storage.open(key)).read() == b""


async def test_ranges(storage: Storage) -> None:
    key = new_key("things")
    content = os.urandom(1000)
    await storage.put(key, content, at_most=MIB, content_type="text/plain")
    for start, end, expected in [
        (0, 1, content[:1]),
        (10, 20, content[10:20]),
        (990, None, content[990:]),
        (990, 5000, content[990:]),
        (0, 1000, content),
    ]:
        opened = await storage.open(key, start=start, end=end)
        assert (opened.start, opened.end) == (start, start + len(expected))
        assert opened.stored.size == 1000
        assert await opened.read() == expected
    for start, end in [(1000, None), (5000, 6000), (20, 20), (20, 10)]:
        with pytest.raises(RangeBeyondEnd) as beyond:
            await storage.open(key, start=start, end=end)
        assert beyond.value.size == 1000
    with pytest.raises(NotStored):
        await storage.open(new_key("things"), start=5)


async def test_too_large_is_refused_while_it_comes(storage: Storage, given: dict[str, Any]) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += MIB
            yield bytes(MIB)

    key = new_key("things")
    with pytest.raises(FileTooLarge):
        await storage.put(key, endless(), at_most=30 * MIB, content_type="text/plain")
    assert sent == 31 * MIB
    with pytest.raises(FileTooLarge):
        await storage.put(key, bytes(11), at_most=10, content_type="text/plain")
    await storage.put(key, bytes(10), at_most=10, content_type="text/plain")
    assert (await storage.find(key)).size == 10


@pytest.mark.parametrize("sent", [0, 1, 30])
async def test_of_a_stream_that_breaks_off_nothing_stays(
    storage: Storage, given: dict[str, Any], request: pytest.FixtureRequest, sent: int
) -> None:
    class CutOffError(Exception):
        pass

    async def cut_off() -> AsyncIterator[bytes]:
        for _ in range(sent):
            yield bytes(MIB)
        raise CutOffError

    key = new_key("things")
    with pytest.raises(CutOffError):
        await storage.put(key, cut_off(), at_most=100 * MIB, content_type="text/plain")
    await nothing_stays(storage, key, given, request)


@pytest.mark.parametrize("sent", [0, 1, 30])
async def test_of_an_upload_that_is_cancelled_nothing_stays(
    storage: Storage, given: dict[str, Any], request: pytest.FixtureRequest, sent: int
) -> None:
    reached = asyncio.Event()

    async def hangs() -> AsyncIterator[bytes]:
        for _ in range(sent):
            yield bytes(MIB)
        reached.set()
        await asyncio.sleep(3600)

    key = new_key("things")
    task = asyncio.create_task(storage.put(key, hangs(), at_most=100 * MIB, content_type="text/plain"))
    await asyncio.wait_for(reached.wait(), 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)
    await nothing_stays(storage, key, given, request)


async def nothing_stays(
    storage: Storage, key: str, given: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    with pytest.raises(NotStored):
        await storage.find(key)
    assert await keys_in(storage, "things") == []
    if given["storage_url"].startswith("file:"):
        assert left_on_disk(given) == []
    else:
        assert request.getfixturevalue("s3").unfinished_uploads() == []


async def test_an_old_file_is_whole_until_the_new_one_is(storage: Storage) -> None:
    key = new_key("things")
    await storage.put(key, b"old", at_most=MIB, content_type="text/plain")
    seen = []

    async def slow() -> AsyncIterator[bytes]:
        for _ in range(10):
            seen.append(await (await storage.open(key)).read())
            yield bytes(MIB)

    await storage.put(key, slow(), at_most=20 * MIB, content_type="text/plain")
    assert set(seen) == {b"old"}
    assert (await storage.find(key)).size == 10 * MIB


async def test_a_large_file_passes_through_little_memory(storage: Storage) -> None:
    size = 200

    async def large() -> AsyncIterator[bytes]:
        for _ in range(size):
            yield bytes(MIB)

    key = new_key("things")
    tracemalloc.start()
    before = _resident()
    await storage.put(key, large(), at_most=size * MIB, content_type="text/plain")
    read = 0
    async for chunk in (await storage.open(key)).chunks:
        read += len(chunk)
    grown = _resident() - before
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read == size * MIB
    assert peak < 30 * MIB
    assert grown < 100 * MIB, "of 200"
    await storage.delete(key)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_keys_are_listed_by_folder(storage: Storage) -> None:
    keys = [new_key("a", 1), new_key("a", 2, suffix=".webp"), new_key("ab", 1), new_key("b")]
    for key in keys:
        await storage.put(key, b"x", at_most=1, content_type="text/plain")
    assert await keys_in(storage, "a") == sorted(keys[:2])
    assert await keys_in(storage, "a/1") == keys[:1]
    assert await keys_in(storage, "nothing") == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "/etc/passwd",
        "a/",
        "a//b",
        "a/../b",
        "../b",
        "a/..",
        "a/./b",
        "a\\b",
        "a/b\x00",
        "a/b\n",
        "a/%2e%2e/b",
        "a/b.webp.exe",
        "A/b",
        "a/b c",
        "a/ä",
        ".hidden",
        "a/.hidden",
        "a/b#1",
        "a/b?c",
        "file:///etc/passwd",
        "s3://other/b",
        "x" * 65,
        "/".join("abcdefghi"),
    ],
)
async def test_what_is_no_key_goes_nowhere(storage: Storage, key: str) -> None:
    assert not is_key(key)
    for ask in (
        storage.find,
        storage.open,
        storage.delete,
        lambda key: storage.put(key, b"x", at_most=1, content_type="text/plain"),
        lambda key: storage.presigned_url(key, seconds=60),
    ):
        with pytest.raises(ValueError, match="no key"):
            await ask(key)


def test_keys_are_chance() -> None:
    keys = {new_key("profiles", 7, suffix=".webp") for _ in range(1000)}
    assert len(keys) == 1000
    assert all(is_key(key) and key.startswith("profiles/7/") and len(key) == 48 for key in keys)
    with pytest.raises(ValueError, match="no key"):
        new_key("..", suffix=".webp")


async def test_a_bucket_gives_urls_that_end_and_a_disk_none(
    storage: Storage, given: dict[str, Any], s3: S3Server
) -> None:
    key = new_key("things", suffix=".txt")
    await storage.put(key, b"for whoever has the link", at_most=100, content_type="text/markdown")
    url = await storage.presigned_url(key, seconds=2)
    if given["storage_url"].startswith("file:"):
        assert url is None
        return
    assert url is not None
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)
        assert (answer.status_code, answer.content) == (200, b"for whoever has the link")
        assert answer.headers["content-type"] == "text/markdown"
        assert (await client.put(url, content=b"x")).status_code == 403
        assert (await client.get(url.partition("?")[0])).status_code == 403
        assert (await client.get(url.replace(key, new_key("things")))).status_code == 403
        await asyncio.sleep(3)
        assert (await client.get(url)).status_code == 403


async def test_a_url_is_signed_for_the_address_that_browsers_know(s3: S3Server) -> None:
    public = {**s3.settings("x"), "storage_public_endpoint": "https://files.example"}
    url = await Storage(Settings(**public)).presigned_url(new_key("things"), seconds=60)
    assert url is not None
    assert url.startswith("https://files.example/lyceum/x/things/")


async def test_what_a_killed_process_left_is_swept_from_the_disk(tmp_path: Path) -> None:
    storage = Storage(Settings(storage_url=f"file://{tmp_path}"))
    key = new_key("things")
    await storage.put(key, b"kept", at_most=10, content_type="text/plain")
    old, new = tmp_path / "things" / "dead#1", tmp_path / "things" / "alive#12"
    for path in (old, new):
        path.write_bytes(b"half")
    for path in (old, tmp_path / key):
        os.utime(path, (0, 0))
    assert await storage.sweep(timedelta(days=1)) == 1
    assert not old.exists()
    assert new.exists()
    assert await (await storage.open(key)).read() == b"kept"


async def test_what_a_killed_process_left_of_a_file_goes_with_it(tmp_path: Path) -> None:
    """An upload is really killed: its part is on the disk, and gone once the key is given up."""
    folder = tmp_path / "files"
    key, other = new_key("things", 7), new_key("things", 7)
    code = (
        "import asyncio, sys\n"
        "from chassis.settings import ServiceSettings\n"
        "from chassis.storage import Storage\n"
        "class Settings(ServiceSettings): service = 'x'\n"
        "async def endless():\n"
        "    while True:\n"
        "        yield bytes(2**20)\n"
        "        await asyncio.sleep(0.001)\n"
        "storage = Storage(Settings(storage_url=sys.argv[1]))\n"
        "put = storage.put(sys.argv[2], endless(), at_most=2**40, content_type='text/plain')\n"
        "asyncio.run(put)\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, f"file://{folder}", key)

    def names() -> list[str]:
        return [path.name for path in folder.rglob("*") if path.is_file()]

    async with asyncio.timeout(30):
        while not names():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.02)
    process.kill()
    await process.wait()
    assert [name.partition("#")[0] for name in names()] == [key.rpartition("/")[2]]
    storage = Storage(Settings(storage_url=f"file://{folder}"))
    await storage.put(other, b"kept", at_most=4, content_type="text/plain")
    assert len(names()) == 2
    await storage.delete(key)
    assert names() == [other.rpartition("/")[2]]
    await storage.delete(key)
    await storage.delete(new_key("nowhere", 8))


async def test_a_storage_that_is_away_is_told(tmp_path: Path, s3: S3Server) -> None:
    (tmp_path / "file").write_text("in the way")
    nobody = {**s3.settings(), "storage_endpoint": "http://127.0.0.1:1"}
    stranger = {**s3.settings(), "storage_access_key": "stranger"}
    for wrong in (
        {},
        {"storage_url": "ftp://example.com/x"},
        {"storage_url": f"file://{tmp_path}/file/below"},
        nobody,
        stranger,
    ):
        away = Storage(Settings(**wrong))
        with pytest.raises(StorageAway):
            await away.put(new_key("things"), b"x", at_most=1, content_type="text/plain")
    assert not Storage(Settings()).is_configured


async def test_obstore_is_loaded_at_the_first_use_alone() -> None:
    code = "import sys, chassis.storage; sys.exit('obstore' in sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 0
