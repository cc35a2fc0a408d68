"""Decisions about profiles, without I/O."""


def url_of(picture: str) -> str:
    """Where everybody finds a stored picture, relative to the gateway."""
    return f"/media/{picture}"
