"""One request and its answer, between a client's connection and the application."""

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gateway.edge import EdgeProtocol

STATUS_LINES = {
    status: b"HTTP/1.1 %d %s\r\n"
    % (status, HTTPStatus(status).phrase.encode() if status in HTTPStatus._value2member_map_ else b"")
    for status in range(200, 600)
}


class Exchange:
    """One request and its answer, seen from ASGI. In the scope as `extensions["lyceum.edge"]`.

    Its task is cancelled should the client go away before the answer is out. `endless` marks an answer that a
    shutdown need not wait for.
    """

    __slots__ = (
        "body",
        "chunked",
        "complete",
        "endless",
        "expects_continue",
        "head",
        "keep_alive",
        "lost",
        "method",
        "more_body",
        "protocol",
        "reader",
        "remaining",
        "started",
        "task",
        "version",
    )

    def __init__(self, protocol: "EdgeProtocol", method: str, version: str, expects_continue: bool) -> None:
        self.protocol = protocol
        self.method = method
        self.version = version
        self.expects_continue = expects_continue
        self.keep_alive = False
        self.head = b""
        self.body = bytearray()
        self.more_body = True
        self.started = self.complete = self.lost = self.endless = False
        self.chunked = False
        self.remaining = 0
        self.reader: asyncio.Future[None] | None = None
        self.task: asyncio.Task[None] | None = None

    def abort(self) -> None:
        """Cut the connection, so that a half-sent answer cannot pass for a whole one."""
        self.lost = True
        self.protocol.transport.abort()

    def wake_reader(self) -> None:
        if self.reader is not None and not self.reader.done():
            self.reader.set_result(None)

    def lose(self) -> None:
        """The client is gone, or gave up, or was given up on."""
        if self.complete or self.lost:
            return
        self.lost = True
        self.wake_reader()
        if self.task is not None:
            # Here too, for a task that is cancelled before its first step never gets to do it.
            self.protocol.server_state.tasks.discard(self.task)
            self.task.cancel()

    async def receive(self) -> dict[str, Any]:
        protocol = self.protocol
        while not self.body and self.more_body and not self.lost and not self.complete:
            if self.expects_continue:
                self.expects_continue = False
                protocol.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            protocol.resume_reading()
            protocol.deadline = protocol.loop.time() + protocol.limits.body_timeout
            self.reader = protocol.loop.create_future()
            try:
                await self.reader
            finally:
                self.reader = None
                protocol.forget_deadline()
        if self.lost or self.complete:
            return {"type": "http.disconnect"}
        body = bytes(self.body)
        self.body.clear()
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: Any) -> None:
        protocol = self.protocol
        if protocol.writer is not None:
            await protocol.writer
        if self.lost:
            return
        if message["type"] == "http.response.start":
            if self.started:
                raise RuntimeError("the answer has started already")
            self._start(message["status"], message["headers"])
        elif not self.started or self.complete:
            raise RuntimeError("a body outside an answer")
        else:
            self._write(message.get("body", b""), message.get("more_body", False))

    def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.started = True
        if self.expects_continue:
            # Nobody can know whether the body that was never asked for will still come.
            self.keep_alive = False
        head = [STATUS_LINES[status]]
        framed = False
        for name, value in self.protocol.server_state.default_headers:
            head += (name, b": ", value, b"\r\n")
        for name, value in headers:
            if name == b"content-length":
                framed = True
                self.remaining = int(value)
            head += (name, b": ", value, b"\r\n")
        if self.method == "HEAD" or status in (204, 304):
            self.remaining = 0
        elif not framed:
            if self.version == "1.1":
                self.chunked = True
                head.append(b"transfer-encoding: chunked\r\n")
            else:
                self.keep_alive = False  # HTTP/1.0 knows no chunks: the end of the connection ends the body.
                self.remaining = -1
        if not self.keep_alive:
            head.append(b"connection: close\r\n")
        head.append(b"\r\n")
        self.head = b"".join(head)

    def _write(self, body: bytes, more_body: bool) -> None:
        """The head goes out with the first piece of the body, empty or not: two writes would cost twice."""
        head, self.head = self.head, b""
        if self.method == "HEAD":
            body = b""
        if self.chunked:
            body = _chunk(body, last=not more_body)
        elif body and self.remaining >= 0:
            self.remaining -= len(body)
            if self.remaining < 0:
                raise RuntimeError("the body is longer than its Content-Length")
        if head or body:
            self.protocol.transport.write(head + body)
        if not more_body:
            if self.remaining > 0:
                raise RuntimeError("the body is shorter than its Content-Length")
            self.complete = True
            self.protocol.answer_complete(self)


def _chunk(body: bytes, *, last: bool) -> bytes:
    if not body:
        return b"0\r\n\r\n" if last else b""
    return b"".join((b"%x\r\n" % len(body), body, b"\r\n0\r\n\r\n" if last else b"\r\n"))
