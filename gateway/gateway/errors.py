"""What the gateway itself refuses, beside what any service may (`chassis.errors`).

LyceumError
├── MalformedRequest       400  not HTTP, or HTTP that two readers could read in two ways
├── MethodNotAllowed       405  carries `allow`
├── RequestTimeout         408  the request did not come in time
├── UriTooLong             414
├── HeadTooLarge           431
├── UnknownTransferCoding  501
├── BadGateway             502  a service answered, but not with HTTP, or broke off
├── GatewayTimeout         504  a service did not answer in time
└── UnknownHttpVersion     505
"""

from chassis.errors import LyceumError


class MalformedRequest(LyceumError):
    status = 400
    slug = "malformed-request"
    title = "This is not a valid HTTP request"


class MethodNotAllowed(LyceumError):
    """`allow` is what the Allow header says."""

    status = 405
    slug = "method-not-allowed"
    title = "This path does not take this method"

    def __init__(self, allow: str) -> None:
        super().__init__(f"It takes {allow}.")
        self.allow = allow

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": self.allow}


class RequestTimeout(LyceumError):
    status = 408
    slug = "request-timeout"
    title = "The request did not come in time"


class UriTooLong(LyceumError):
    status = 414
    slug = "uri-too-long"
    title = "The address is too long"


class HeadTooLarge(LyceumError):
    status = 431
    slug = "head-too-large"
    title = "The request's headers are too large"


class UnknownTransferCoding(LyceumError):
    status = 501
    slug = "unknown-transfer-coding"
    title = "No transfer coding but chunked is known here"


class BadGateway(LyceumError):
    status = 502
    slug = "bad-gateway"
    title = "A part of the platform did not answer properly"


class GatewayTimeout(LyceumError):
    status = 504
    slug = "gateway-timeout"
    title = "A part of the platform did not answer in time"


class UnknownHttpVersion(LyceumError):
    status = 505
    slug = "unknown-http-version"
    title = "This server speaks HTTP/1.1"
