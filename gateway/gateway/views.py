"""Views of courses: counted in memory as they are answered, told to catalog in batches. No view costs a write.

Catalog marks each answer that is a view (X-Lyceum-View, the course's id), so nothing here knows who teaches what. Every
view is told once: a batch that catalog may have taken keeps its id until it says so, and it takes an id once. What is
counted meanwhile goes into the next batch, never into one that was sent.

What is in memory when the process is killed is not counted: the views of the last `views_every` seconds.
"""

import asyncio
import contextlib
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from uuid import uuid4

import orjson
import structlog
from chassis.auth import ServiceSigner
from chassis.tracing import continue_trace

from gateway import metrics
from gateway.connection import Busy, Unreachable, UpstreamError
from gateway.fetch import post
from gateway.problems import Header
from gateway.proxy import Proxy
from gateway.request import Request
from gateway.settings import Settings

log = structlog.get_logger()

SERVICE, PATH = "catalog", "/internal/course-views"
MARK = b"x-lyceum-view"
_VIEWED = frozenset({200, 304})

BATCH_COURSES = 500
"""So many rows catalog locks and so many events it writes in one transaction; it takes twice as many at most."""
MOST_COURSES = 200_000
"""So many courses can wait while catalog is away: some 40 MB."""
ANSWER_SECONDS = 12.0
"""Longer than a statement may take there: an answer that is late is still better than a second try."""
STOP_SECONDS = 3.0
MIN_PAUSE, MAX_PAUSE = 1.0, 30.0
REMEMBERED_SECONDS = 23 * 3600.0
"""Catalog remembers for a day which batches it took (chassis.idempotency)."""
_NEVER_TAKEN = frozenset({400, 413, 415, 422})
"""The batch is bad, and would be the next time: it is dropped, or it would hold up all that come after it."""
_REFUSED = frozenset({401, 403, 404, 405})
"""It is the asking that is bad: one of the two is set up wrong, or catalog is older. The batch itself was not looked at,
and is taken once that is mended."""


@dataclass(slots=True)
class Seen:
    """Of one course. `last` is seconds since the epoch."""

    count: int = 0
    last: float = 0.0


@dataclass(slots=True)
class Batch:
    """What is sent, as often as it takes. `maybe_taken_since` is on the monotonic clock: when it was first sent without
    being refused; None while it is certain that it was not taken."""

    id: str
    body: bytes
    views: int
    maybe_taken_since: float | None = None


class Views:
    """Counts, and tells catalog every `views_every` seconds while there is something to tell."""

    def __init__(self, settings: Settings, proxy: Proxy) -> None:
        key = settings.service_key_file
        if key is not None and not key.is_file():
            raise FileNotFoundError(f"GATEWAY_SERVICE_KEY_FILE: there is no {key}")
        self._settings = settings
        self._proxy = proxy
        self._seen: dict[int, Seen] = {}
        self._batch: Batch | None = None
        self._counted = asyncio.Event()
        self._signer: ServiceSigner | None = None
        self._task: asyncio.Task[None] | None = None
        self._pause = MIN_PAUSE
        self._behind_since: float | None = None
        self._told_why: set[str] = set()
        """What of this outage is in the log already."""
        self.waiting = 0
        """Views that catalog has not been told of yet."""
        self.most_courses = MOST_COURSES

    def start(self) -> None:
        metrics.VIEWS_WAITING.set_function(lambda: self.waiting)
        metrics.VIEWS_BEHIND.set_function(lambda: self.behind)
        if self._settings.service_key_file is None:
            log.warning("views of courses are not counted: GATEWAY_SERVICE_KEY_FILE is not set")
            return
        self._task = asyncio.create_task(self._tell())

    async def stop(self) -> None:
        """Tell catalog what is left, for `STOP_SECONDS` at most: nobody asks any more, so nothing is added."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                while self.waiting:
                    if not await self._tell_once():
                        await asyncio.sleep(0.2)
        if self.waiting:
            self._lose(self.waiting, "stopped", "catalog could not be told before the end")

    @property
    def behind(self) -> float:
        """Seconds since catalog last took a batch, while it takes none; 0 while it does."""
        return 0.0 if self._behind_since is None else time.monotonic() - self._behind_since

    # -- counting

    def heed(self, request: Request, status: int) -> None:
        """Count an answer that went out, if its service said that it is a view."""
        if request.service != SERVICE or request.method != "GET" or status not in _VIEWED:
            return
        for name, value in request.told:
            if name == MARK:
                self.count(value)

    def count(self, course: bytes) -> None:
        """One more view of the course with this id; what is no id is no view."""
        if self._task is None or not course.isdigit() or len(course) > 18 or not (course_id := int(course)):
            return
        seen = self._seen.get(course_id)
        if seen is None:
            if len(self._seen) >= self.most_courses:
                self._lose(1, "full")
                return
            seen = self._seen[course_id] = Seen()
            self._counted.set()
        seen.count += 1
        seen.last = time.time()
        self.waiting += 1

    # -- telling

    async def _tell(self) -> None:
        while True:
            # Where nothing is counted no timer runs.
            await self._counted.wait()
            if self._behind_since is None:
                await asyncio.sleep(self._settings.views_every)
            else:
                # Several gateways must not all come back in the same moment.
                await asyncio.sleep(self._pause * random.uniform(0.75, 1.25))  # noqa: S311
                self._pause = min(self._pause * 2, MAX_PAUSE)
            # What has come meanwhile and fills no batch waits for the next time.
            while await self._tell_once() and len(self._seen) >= BATCH_COURSES:
                pass

    async def _tell_once(self) -> bool:
        """Send the batch that catalog has not taken yet, or a new one; whether it is settled."""
        batch = self._batch = self._batch or self._take()
        since = batch.maybe_taken_since
        if since is not None and time.monotonic() - since > REMEMBERED_SECONDS:
            # It may have been counted the first time, and catalog would not know it again.
            self._settle(batch)
            self._lose(batch.views, "outdated", "catalog was away for a day")
            return True
        try:
            status = await self._send(batch)
        except Exception as error:  # noqa: BLE001 - told, and tried again: a defect must not end the counting unseen
            metrics.VIEWS_SENT.labels("none").inc()
            self._fall_behind(type(error).__name__, repr(error))
            return False
        metrics.VIEWS_SENT.labels(str(status)).inc()
        if status in _NEVER_TAKEN:
            self._settle(batch)
            self._lose(batch.views, "refused", f"catalog answered {status} to batch {batch.id}")
        elif status >= 300:
            if status in _REFUSED and batch.maybe_taken_since is None:
                # A refusal may be kept under its id, and would be the answer for a day after all was mended.
                batch.id = str(uuid4())
            self._fall_behind(str(status), f"catalog answered {status}")
            return False
        else:
            self._settle(batch)
        self._catch_up()
        return True

    def _take(self) -> Batch:
        """A batch of what waits, the longest first."""
        taken = {
            course_id: self._seen.pop(course_id) for course_id in list(islice(self._seen, BATCH_COURSES))
        }
        views = [
            {"course_id": course_id, "count": seen.count, "last_at": datetime.fromtimestamp(seen.last, UTC)}
            for course_id, seen in taken.items()
        ]
        return Batch(
            id=str(uuid4()),
            body=orjson.dumps({"views": views}),
            views=sum(seen.count for seen in taken.values()),
        )

    async def _send(self, batch: Batch) -> int:
        pool = self._proxy.pools.get(SERVICE)
        if pool is None:
            raise UpstreamError("nobody has said where catalog is")
        headers: list[Header] = [
            (b"authorization", b"Bearer " + await self._token()),
            (b"content-type", b"application/json"),
            (b"idempotency-key", batch.id.encode()),
            (b"x-request-id", batch.id.encode()),
            (b"traceparent", continue_trace(None).traceparent.encode()),
        ]
        host = self._proxy.host(SERVICE)
        before = batch.maybe_taken_since
        batch.maybe_taken_since = before or time.monotonic()
        try:
            status = await post(pool, host, PATH, batch.body, headers=headers, timeout=ANSWER_SECONDS)
        except (Unreachable, Busy):
            # It has not left.
            batch.maybe_taken_since = before
            raise
        if status in _REFUSED:
            batch.maybe_taken_since = before
        return status

    async def _token(self) -> bytes:
        if self._signer is None:
            # Not at the start: the library is heavy, and nobody may ever look at a course.
            self._signer = await asyncio.to_thread(_signer, self._settings)
        return self._signer.token(SERVICE).encode()

    # -- keeping the books

    def _settle(self, batch: Batch) -> None:
        self._batch = None
        self.waiting -= batch.views
        if not self._seen:
            self._counted.clear()

    def _fall_behind(self, kind: str, reason: str) -> None:
        if self._behind_since is None:
            self._behind_since = time.monotonic()
            self._told_why.clear()
        # Once an outage, not once a try; but what it came to be is told too, for it may be what has to be mended.
        if kind not in self._told_why:
            self._told_why.add(kind)
            log.warning("catalog does not take the views just now", reason=reason, waiting=self.waiting)

    def _catch_up(self) -> None:
        if self._behind_since is not None:
            log.info("catalog takes the views again", seconds=round(self.behind), waiting=self.waiting)
            self._behind_since = None
            self._pause = MIN_PAUSE

    def _lose(self, views: int, why: str, reason: str | None = None) -> None:
        metrics.VIEWS_LOST.labels(why).inc(views)
        if reason is not None:
            log.error("views were not counted", views=views, reason=reason)


def _signer(settings: Settings) -> ServiceSigner:
    assert settings.service_key_file is not None, "without a key nothing is counted"
    kid = f"gateway.{settings.service_key_number}"
    return ServiceSigner("gateway", settings.service_key_file, kid=kid)
