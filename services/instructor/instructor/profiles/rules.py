"""Which standing leads to which, and by what."""

from typing import Literal

Action = Literal["approve", "reject", "suspend", "reinstate"]
Status = Literal["pending", "active", "suspended", "rejected"]

_LEADS_TO: dict[Action, Status] = {
    "approve": "active",
    "reject": "rejected",
    "suspend": "suspended",
    "reinstate": "active",
}
_FROM: dict[Action, frozenset[str]] = {
    "approve": frozenset({"pending", "rejected"}),
    "reject": frozenset({"pending"}),
    "suspend": frozenset({"active"}),
    "reinstate": frozenset({"suspended"}),
}


def status_after(action: Action, status: str) -> Status | None:
    """The status an action leads to; the same one where it is reached already; None where it is not allowed."""
    reached = _LEADS_TO[action]
    # A suspended instructor is not approved anew, and one waiting for approval is not reinstated.
    if status in _FROM[action] or status == reached:
        return reached
    return None


def may_apply(status: str | None) -> bool:
    """Whoever has no profile may apply, and whoever was rejected may try again."""
    return status is None or status == "rejected"
