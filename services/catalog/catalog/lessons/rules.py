"""Which of a lesson's three bodies a reader gets."""

from dataclasses import dataclass
from typing import Literal

Access = Literal["guest", "registered", "premium"]
Unlock = Literal["login", "enroll", "subscribe"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a reader's access goes; `unlock` is what would take it further, nothing where it is whole."""

    access: Access
    unlock: tuple[Unlock, ...] = ()

    @property
    def is_locked(self) -> bool:
        return self.access != "premium"


def reading(*, is_known: bool, has_everything: bool) -> Reading:
    """A reader's access: everything for those enrolled, premium subscribers, those who teach the course, and all
    in a free preview; else as a registered user or as a guest."""
    if has_everything:
        return Reading("premium")
    if is_known:
        return Reading("registered", ("enroll", "subscribe"))
    return Reading("guest", ("login", "enroll", "subscribe"))


def body(access: Access, *, content: str, registered_content: str | None, guest_content: str | None) -> str:
    """The body for this access; a level nothing was written for is shown what the one below it is."""
    if access == "premium":
        return content
    if access == "registered":
        return registered_content or guest_content or ""
    return guest_content or ""
