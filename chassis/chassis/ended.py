"""Which access tokens were ended before they expire, in a process' memory, where every request looks.

The gateway fills it from the log of events (`gateway.revocations`), a service from its table (`chassis.revocations`).
"""

from collections import OrderedDict
from typing import Any

from chassis.auth import Principal


class EndedInMemory:
    """Sessions that are over, and users until when what was issued to them is; instants are seconds since the epoch."""

    def __init__(self) -> None:
        # The longest known first. No plain dict: taken from its front again and again, it gets slower each time.
        self._sessions: OrderedDict[str, float] = OrderedDict()
        self._users: OrderedDict[int, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions) + len(self._users)

    def covers(self, principal: Principal) -> bool:
        """Whether this principal's token was ended: by its session, or with all that were issued until then."""
        if principal.sid in self._sessions:
            return True
        ended = self._users.get(principal.user_id)
        return ended is not None and principal.issued <= ended

    def end_session(self, sid: str, at: float) -> None:
        self._sessions[sid] = at
        self._sessions.move_to_end(sid)

    def end_all_sessions(self, user_id: int, at: float) -> None:
        """Every token of the user that was issued at this instant or before; told of an earlier one, it stays so."""
        self._users[user_id] = max(at, self._users.get(user_id, at))
        self._users.move_to_end(user_id)

    def forget(self, before: float, *, at_most: int) -> None:
        """Drop what ended before that instant, and of what is more than `at_most` the longest known."""
        _drop(self._sessions, before, at_most)
        _drop(self._users, before, at_most)


def _drop(kept: OrderedDict[Any, float], before: float, at_most: int) -> None:
    while kept and (len(kept) > at_most or next(iter(kept.values())) < before):
        kept.popitem(last=False)
