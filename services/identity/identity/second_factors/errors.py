"""What a second factor is refused for."""

from typing import Any

from chassis.errors import Conflict, Forbidden, NotFound, TooManyRequests, Unauthenticated


class SecondFactorRequired(Forbidden):
    """Told only to who proved the first factor. Carries the `challenge` to answer, the `methods` that answer it and,
    where a passkey does, its `passkey_options`."""

    slug = "second-factor-required"
    title = "A second factor is needed"

    def __init__(self, *, challenge: str, methods: list[str], expires_in: int, **members: Any) -> None:
        super().__init__(
            "Answer the challenge with a second factor.",
            challenge=challenge,
            methods=methods,
            expires_in=expires_in,
            **members,
        )


class ChallengeInvalid(Unauthenticated):
    """One answer for a challenge that is unknown, used, expired, given up, or brought from elsewhere."""

    slug = "second-factor-challenge-invalid"
    title = "Log in again from the start"


class SecondFactorWrong(Unauthenticated):
    slug = "second-factor-wrong"
    title = "The second factor is not right"

    def __init__(self, attempts_left: int) -> None:
        super().__init__("Try the next code.", attempts_left=attempts_left)


class SecondFactorLocked(TooManyRequests):
    """Told only to who proved the first factor."""

    slug = "second-factor-locked"
    title = "Too many wrong codes"


class AlreadySwitchedOn(Conflict):
    slug = "second-factor-already-on"
    title = "The second factor is on already"


class NotSwitchedOn(NotFound):
    slug = "second-factor-off"
    title = "There is no second factor on this account"


class CodeWrong(Forbidden):
    """Told to who is logged in and changes their own second factor."""

    slug = "second-factor-code-wrong"
    title = "The code is not right"
