"""Decisions about accounts, without I/O."""

from datetime import datetime

ADMIN = "admin"
INSTRUCTOR = "instructor"
STUDENT = "student"

USERNAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{2,29}$"
"""No `@`: what has one is an e-mail address, and so a login name is never ambiguous."""


def display_name(first_name: str, last_name: str, username: str) -> str:
    """What others see: the name, or the username of who gave none."""
    return f"{first_name} {last_name}".strip() or username


def role_by_standing(role: str, standing: str) -> str:
    """The role that follows from an instructor's status. An admin stays one; pending changes nothing."""
    if role == ADMIN:
        return role
    if standing == "active":
        return INSTRUCTOR
    if standing in ("suspended", "rejected"):
        return STUDENT
    return role


def is_ban_in_force(is_banned: bool, until: datetime | None, instant: datetime) -> bool:
    """Whether an admin's ban keeps the account out. It ends by the clock; a lockout is none."""
    return is_banned and until is not None and instant < until
