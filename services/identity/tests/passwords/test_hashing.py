import asyncio
import threading
import unicodedata
from collections.abc import Iterator

import pytest
from chassis.errors import Unavailable
from identity.passwords.errors import PasswordTooCommon, PasswordTooObvious
from identity.passwords.hashing import Hasher
from identity.passwords.rules import check_new_password, common_passwords


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    made = Hasher(threads=2, queue=4)
    yield made
    made.close()


async def test_hashing_and_verifying(hasher: Hasher) -> None:
    hashed = await hasher.hash("seven grey owls")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await hasher.verify("seven grey owls", hashed) == (True, None)
    assert await hasher.verify("eight grey owls", hashed) == (False, None)
    assert await hasher.verify("seven grey owls", None) == (False, None)


async def test_the_same_letters_from_another_keyboard(hasher: Hasher) -> None:
    composed = unicodedata.normalize("NFC", "sieben Eulen über Köln")
    hashed = await hasher.hash(composed)
    assert (await hasher.verify(unicodedata.normalize("NFD", composed), hashed)).right


async def test_weaker_parameters_are_bettered(hasher: Hasher) -> None:
    from pwdlib.hashers.argon2 import Argon2Hasher

    weak = Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1).hash("seven grey owls")
    right, better = await hasher.verify("seven grey owls", weak)
    assert right
    assert better is not None
    assert (await hasher.verify("seven grey owls", better)) == (True, None)
    assert await hasher.verify("wrong", weak) == (False, None)


async def test_the_loop_goes_on_and_the_queue_ends(hasher: Hasher) -> None:
    gate = threading.Event()
    underway = [asyncio.create_task(hasher._run(gate.wait)) for _ in range(6)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await hasher.hash("one too many")
    assert refused.value.retry_after == 2
    gate.set()
    assert await asyncio.gather(*underway) == [True] * 6
    assert await hasher.hash("room again")


def test_the_vendored_list() -> None:
    listed = common_passwords()
    assert len(listed) > 8000
    assert {"password", "12345678", "iloveyou"} <= listed
    for password in ("password", "ILoveYou", "Password1"):
        with pytest.raises(PasswordTooCommon):
            check_new_password(password)
    check_new_password("seven grey owls at noon")


@pytest.mark.parametrize("password", ["ada.lovelace", "ADA.Lovelace@example.com", "countess"])
def test_what_one_is_known_by(password: str) -> None:
    with pytest.raises(PasswordTooObvious):
        check_new_password(password, own=("ada.lovelace@example.com", "countess", ""))
