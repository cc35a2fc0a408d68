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
