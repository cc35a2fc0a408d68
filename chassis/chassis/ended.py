"""Which access tokens were ended before they expire, in a process' memory, where every request looks.

The gateway fills it from the log of events (`gateway.revocations`), a service from its table (`chassis.revocations`).
"""

from typing import Any

from chassis.auth import Principal


class EndedInMemory:
    """Sessions that are over, and users until when what was issued to them is; instants are seconds since the epoch."""

    def __init__(self) -> None:
        # The longest known first, as a dict keeps them: what is put anew goes to the end.
        self._sessions: dict[str, float] = {}
        self._users: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._sessions) + len(self._users)

    def covers(self, principal: Principal) -> bool:
        """Whether this principal's token was ended: by its session, or with all that were issued until then."""
        if principal.sid in self._sessions:
            return True
        ended = self._users.get(principal.user_id)
        return ended is not None and principal.issued <= ended

    def end_session(self, sid: str, at: float) -> None:
        self._sessions.pop(sid, None)
        self._sessions[sid] = at

    def end_all_sessions(self, user_id: int, at: float) -> None:
        """Every token of the user that was issued at this instant or before; told of an earlier one, it stays so."""
        self._users[user_id] = max(at, self._users.pop(user_id, at))

    def forget(self, before: float, *, at_most: int) -> None:
        """Drop what ended before that instant, and of what is more than `at_most` the longest known."""
        _drop(self._sessions, before, at_most)
        _drop(self._users, before, at_most)


def _drop(kept: dict[Any, float], before: float, at_most: int) -> None:
    while kept and (len(kept) > at_most or next(iter(kept.values())) < before):
        del kept[next(iter(kept))]
