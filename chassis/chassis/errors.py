"""Every situation a service may raise, drawn as one tree.

    LyceumError
    ├── Invalid                422  what was asked cannot be understood or is against a rule of form
    ├── Unauthenticated        401  no token, or one that does not verify
    ├── Forbidden              403  the caller may know it exists, but not do this
    ├── NotFound               404  not there, or not the caller's to know of
    ├── Conflict               409  the state of things forbids it now
    │   └── KeyInFlight        409  the first request with this Idempotency-Key has not answered yet
    ├── KeyReused              422  the Idempotency-Key was used with another request
    ├── Gone                   410  was there once, never will be again
    ├── PaymentRequired        402  the payment was declined, or is missing
    ├── PreconditionFailed     412  somebody else changed it since it was read
    ├── PayloadTooLarge        413
    ├── UnsupportedMediaType   415
    ├── TooManyRequests        429  carries `retry_after` in seconds
    └── Unavailable            503  a part we stand on does not answer; carries `retry_after` in seconds

A service raises a subclass that names the situation (`class EnrollmentClosed(Conflict)`); `chassis.web.problems`
turns it into RFC 9457 `application/problem+json` in one place. Nothing below the routes knows HTTP: the
`status` here is the class of the situation, the same for whoever asks.
"""

from typing import Any, ClassVar


class LyceumError(Exception):
    """A situation the caller is told about.

    `detail` is for a person and must not carry what the caller may not see; `members` are added to the
    problem document as they are (JSON values).
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str | None = None, **members: Any) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.members = members

    @property
    def headers(self) -> dict[str, str]:
        """Headers that belong to the answer, such as `Retry-After`."""
        return {}


class Invalid(LyceumError):
    status = 422
    slug = "invalid"
    title = "The request is not valid"


class Unauthenticated(LyceumError):
    status = 401
    slug = "unauthenticated"
    title = "A valid access token is needed"

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="lyceum"'}


class Forbidden(LyceumError):
    status = 403
    slug = "forbidden"
    title = "You may not do this"


class NotFound(LyceumError):
    status = 404
    slug = "not-found"
    title = "There is nothing here for you"


class Conflict(LyceumError):
    status = 409
    slug = "conflict"
    title = "The present state does not allow this"


class KeyInFlight(Conflict):
    slug = "idempotency-key-in-flight"
    title = "The first request with this Idempotency-Key is still being answered"

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class KeyReused(Invalid):
    slug = "idempotency-key-reused"
    title = "This Idempotency-Key was used with another request"


class Gone(LyceumError):
    status = 410
    slug = "gone"
    title = "This is gone for good"


class PaymentRequired(LyceumError):
    status = 402
    slug = "payment-required"
    title = "The payment did not succeed"


class PreconditionFailed(LyceumError):
    status = 412
    slug = "precondition-failed"
    title = "It was changed since you read it"


class PayloadTooLarge(LyceumError):
    status = 413
    slug = "payload-too-large"
    title = "That is too large"


class UnsupportedMediaType(LyceumError):
    status = 415
    slug = "unsupported-media-type"
    title = "This kind of content is not taken here"


class _Later(LyceumError):
    """A situation that passes: the caller is told after how many seconds to come back."""

    def __init__(self, detail: str | None = None, *, retry_after: int = 1, **members: Any) -> None:
        super().__init__(detail, **members)
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


class TooManyRequests(_Later):
    status = 429
    slug = "too-many-requests"
    title = "Too many requests"


class Unavailable(_Later):
    status = 503
    slug = "unavailable"
    title = "A part of the platform does not answer just now"
