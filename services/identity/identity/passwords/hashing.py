"""Hashing and comparing, in a few threads of its own: the event loop never waits for argon2.

argon2id with what RFC 9106 recommends where memory is short (64 MiB, 3 passes), on one lane: 2 threads take 128 MiB
while they work, whatever the load.
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

from argon2.exceptions import InvalidHashError
from chassis.errors import Unavailable
from pwdlib.hashers.argon2 import Argon2Hasher

from identity.passwords.rules import DJANGO_ITERATIONS_AT_MOST, normalized

T = TypeVar("T")


class DjangoHash(NamedTuple):
    """One of the old site's hashes, `pbkdf2_sha256$<iterations>$<salt>$<digest>`, which is verified and never made."""

    iterations: int
    salt: str
    digest: bytes

    @classmethod
    def read(cls, hashed: str) -> "DjangoHash | None":
        """The hash, or None when it is none of this kind, or not whole."""
        kind, _, rest = hashed.partition("$")
        if kind != "pbkdf2_sha256":
            return None
        try:
            rounds, salt, encoded = rest.split("$")
            digest, iterations = base64.b64decode(encoded, validate=True), int(rounds)
        except ValueError:
            return None
        if not 1 <= iterations <= DJANGO_ITERATIONS_AT_MOST:
            return None
        return cls(iterations, salt, digest)

    def is_of(self, password: str) -> bool:
        """Whether this is the password, as it was typed: Django did not normalize."""
        return hmac.compare_digest(_derive(password, self.salt, self.iterations), self.digest)


def _derive(password: str, salt: str, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), iterations)


def _step_back() -> None:
    # On a busy machine the event loop's thread goes first: a login may wait, a health check may not. Linux knows
    # priorities of single threads; elsewhere all stays as it is.
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


class Verdict(NamedTuple):
    """Whether the password was right; if so, the hash to store instead of an outdated one. Every comparison costs one
    argon2; `rounds` is what an old hash cost beside it, in iterations of PBKDF2."""

    right: bool
    better_hash: str | None = None
    rounds: int = 0


class Cost(NamedTuple):
    """What one argon2id takes: KiB of memory, gone over `passes` times. A hash made at another cost is made anew when
    its owner logs in."""

    memory_kib: int = 65_536
    passes: int = 3


class Hasher:
    """Hashes and verifies; at most `threads` at once, at most `queue` waiting."""

    def __init__(self, *, threads: int, queue: int, cost: Cost = Cost()) -> None:
        self._argon2 = Argon2Hasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=1)
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

    async def spend(self, password: str, rounds: int) -> None:
        """Work as long as an old hash of so many iterations takes: what a refusal costs must not tell what kind of
        hash it was compared with, nor whether there was one."""
        if rounds > 0:
            await self._run(lambda: _derive(password, "nobody", min(rounds, DJANGO_ITERATIONS_AT_MOST)))

    def _compare(self, password: str, hashed: str | None) -> Verdict:
        if hashed is not None and self._argon2.identify(hashed):
            # Asked first, because it raises for a hash that is not whole, which `verify` refuses too soon.
            with contextlib.suppress(InvalidHashError):
                outdated = self._argon2.check_needs_rehash(hashed)
                if not self._argon2.verify(normalized(password), hashed):
                    return Verdict(False)
                return Verdict(True, self._argon2.hash(normalized(password)) if outdated else None)
        elif hashed is not None and (old := DjangoHash.read(hashed)) is not None:
            if old.is_of(password):
                return Verdict(True, self._argon2.hash(normalized(password)), old.iterations)
            self._argon2.verify(normalized(password), self._nobody)
            return Verdict(False, rounds=old.iterations)
        # No account; or no password, which the old site marks with a hash that nothing can match; or one of its
        # other kinds of hash, whose owner asks for a new password.
        self._argon2.verify(normalized(password), self._nobody)
        return Verdict(False)

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
