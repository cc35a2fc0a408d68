"""ETag and If-Match: nobody overwrites what somebody else changed meanwhile."""

from chassis.errors import PreconditionFailed


def etag(version: int | str) -> str:
    """A strong entity tag for one version of a resource."""
    return f'"{version}"'


def require_match(if_match: str | None, current: str) -> None:
    """Raise PreconditionFailed unless `If-Match` is absent, `*`, or names the current tag.

    Call it after the row was loaded FOR UPDATE, or two editors can both pass.
    """
    if if_match is None or if_match.strip() == "*":
        return
    if current not in [tag.strip() for tag in if_match.split(",")]:
        raise PreconditionFailed("Read it again and apply your change to what it is now.")


def is_fresh(if_none_match: str | None, current: str) -> bool:
    """Whether the caller has what `current` names already, so that 304 says it all (RFC 9110, 13.1.2: weakly)."""
    if if_none_match is None:
        return False
    named = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in named or current.removeprefix("W/") in named
