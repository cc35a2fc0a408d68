"""Hashing and comparing, in a few threads of its own: the event loop never waits for argon2.

argon2id with OWASP's first choice of parameters (19 MiB, 2 passes, 1 lane): 2 threads take 38 MiB, whatever the load.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import os
import secrets
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from chassis.errors import Unavailable
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.base import ensure_bytes, ensure_str

from identity.passwords.rules import normalized

T = TypeVar("T")

DJANGO_ITERATIONS_AT_MOST = 10_000_000


class DjangoPbkdf2Hasher:
    """The old site's hashes, `pbkdf2_sha256$<iterations>$<salt>$<digest>`. Verifies only: new ones are argon2id."""

    @classmethod
    def identify(cls, hash: str | bytes) -> bool:  # noqa: A002 - pwdlib's protocol names it so
        return ensure_str(hash).startswith("pbkdf2_sha256$")

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        raise TypeError("new passwords are hashed with argon2id")

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002
        try:
            _, rounds, salt, digest = ensure_str(hash).split("$")
            expected = base64.b64decode(digest, validate=True)
            iterations = int(rounds)
        except ValueError:
            return False
        if not 1 <= iterations <= DJANGO_ITERATIONS_AT_MOST:
            return False
        made = hashlib.pbkdf2_hmac("sha256", ensure_bytes(password), salt.encode(), iterations)
        return hmac.compare_digest(made, expected)

    def check_needs_rehash(self, hash: str | bytes) -> bool:  # noqa: A002
        return True


def _step_back() -> None:
    # On a busy machine the event loop's thread goes first: a login may wait, a health check may not. Linux knows
    # priorities of single threads; elsewhere all stays as it is.
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


class Verdict(NamedTuple):
    """Whether the password was right; if so, the hash to store instead of an outdated one."""

    right: bool
    better_hash: str | None


class Hasher:
    """Hashes and verifies; at most `threads` at once, at most `queue` waiting."""

    def __init__(self, *, threads: int, queue: int) -> None:
        self._argon2 = Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._known = PasswordHash((self._argon2, DjangoPbkdf2Hasher()))
        self._pool = ThreadPoolExecutor(threads, "hashing", initializer=_step_back)
        self._at_most = threads + queue
        self._underway = 0
        # Compared with when there is no account, so that this takes as long as a wrong password does.
        self._nobody = self._argon2.hash(secrets.token_hex(16))

    async def hash(self, password: str) -> str:
        """An argon2id hash. Raises Unavailable when too many wait already."""
        return await self._run(lambda: self._argon2.hash(normalized(password)))

    async def verify(self, password: str, hashed: str | None) -> Verdict:
        """Compare with an account's hash; None stands for no account and takes as long. Raises Unavailable."""
        return await self._run(lambda: self._compare(password, hashed))

    def _compare(self, password: str, hashed: str | None) -> Verdict:
        if hashed is not None:
            try:
                # Django hashed what was typed, ours is hashed normalized.
                typed = password if DjangoPbkdf2Hasher.identify(hashed) else normalized(password)
                if not self._known.verify(typed, hashed):
                    return Verdict(False, None)
                outdated = not self._argon2.identify(hashed) or self._argon2.check_needs_rehash(hashed)
                return Verdict(True, self._argon2.hash(normalized(password)) if outdated else None)
            except UnknownHashError:
                pass  # The old site marks "no password" with a hash that nothing can match.
        self._argon2.verify(normalized(password), self._nobody)
        return Verdict(False, None)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._underway >= self._at_most:
            raise Unavailable("Too many people sign in just now.", retry_after=2)
        self._underway += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._underway -= 1

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
