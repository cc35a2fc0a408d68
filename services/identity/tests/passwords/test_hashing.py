import asyncio
import base64
import hashlib
import threading
import unicodedata
from collections.abc import Iterator

import pytest
from chassis.errors import Unavailable
from chassis.schemas import InputModel
from identity.passwords.errors import PasswordTooCommon, PasswordTooObvious
from identity.passwords.hashing import Hasher, Verdict
from identity.passwords.rules import check_new_password, common_passwords
from identity.passwords.schemas import NewPassword
from pydantic import ValidationError


class PasswordGiven(InputModel):
    password: NewPassword


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    made = Hasher(threads=2, queue=4)
    yield made
    made.close()


async def test_hashing_and_verifying(hasher: Hasher) -> None:
    hashed = await hasher.hash("seven grey owls")
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert await hasher.verify("seven grey owls", hashed) == Verdict(True)
    assert await hasher.verify("eight grey owls", hashed) == Verdict(False)
    assert await hasher.verify("seven grey owls", None) == Verdict(False)


async def test_the_same_letters_from_another_keyboard(hasher: Hasher) -> None:
    composed = unicodedata.normalize("NFC", "sieben Eulen über Köln")
    hashed = await hasher.hash(composed)
    assert (await hasher.verify(unicodedata.normalize("NFD", composed), hashed)).right


async def test_weaker_parameters_are_bettered(hasher: Hasher) -> None:
    from pwdlib.hashers.argon2 import Argon2Hasher

    weak = Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1).hash("seven grey owls")
    right, better, rounds = await hasher.verify("seven grey owls", weak)
    assert right
    assert better is not None
    assert rounds == 0
    assert (await hasher.verify("seven grey owls", better)) == Verdict(True)
    assert await hasher.verify("wrong", weak) == Verdict(False)


def django(password: str, iterations: int = 1000, salt: str = "s4lt") -> str:
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), iterations)
    return f"pbkdf2_sha256${iterations}${salt}${base64.b64encode(digest).decode()}"


async def test_the_old_sites_hashes(hasher: Hasher) -> None:
    right, better, rounds = await hasher.verify("seven grey owls", django("seven grey owls"))
    assert right
    assert better is not None
    assert better.startswith("$argon2id$")
    assert rounds == 1000
    assert await hasher.verify("eight grey owls", django("seven grey owls")) == Verdict(False, rounds=1000)


async def test_django_did_not_normalize(hasher: Hasher) -> None:
    typed = unicodedata.normalize("NFD", "sieben Eulen über Köln")
    old = django(typed)
    assert (await hasher.verify(typed, old)).right
    assert not (await hasher.verify(unicodedata.normalize("NFC", typed), old)).right
    better = (await hasher.verify(typed, old)).better_hash
    assert better is not None
    assert (await hasher.verify(unicodedata.normalize("NFC", typed), better)).right


@pytest.mark.parametrize(
    "hashed",
    [
        "",
        "!",
        "!hN5tvkzFgEeqJqXKsWcjAZyQ4mUcPbkT0lBVnSso",
        "argon2$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHQ$o+Zp5hQ1rYq0Zx1K1pVvAg",
        "bcrypt_sha256$$2b$12$1DiaDZLJJiTDTzNEZFWuCuNzYxDmcFkRCbyDRZVlEPb4HXtPp0gyO",
        "bcrypt$$2b$12$1DiaDZLJJiTDTzNEZFWuCuNzYxDmcFkRCbyDRZVlEPb4HXtPp0gyO",
        "scrypt$16384$seasalt$8$5$ECMIUp+LMxMSK8xB/IVyba+KYGTI7FTnet025q/1f/vBAVnnP3hdYqJuRi+mJn6ji6ze3Fbb7JEFPKGpuEf5vw==",
        "pbkdf2_sha1$1000$s4lt$AAAA",
        "md5$s4lt$5f4dcc3b5aa765d61d8327deb882cf99",
        "pbkdf2_sha256$x$s4lt$AA==",
        "pbkdf2_sha256$0$s4lt$AA==",
        "pbkdf2_sha256$-1$s4lt$AA==",
        "pbkdf2_sha256$9999999$s4lt$AA==",
        "pbkdf2_sha256$1000$s4lt$not base64",
        "pbkdf2_sha256$1000$s4lt",
        "$argon2id$",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA",
    ],
)
async def test_what_nobody_can_match(hasher: Hasher, hashed: str) -> None:
    """Hashes of other kinds, broken ones, and those that mark that there is no password: refused, and no sooner."""
    spent: list[str] = []
    argon2 = hasher._argon2
    original = argon2.verify

    class Counted:
        def __getattr__(self, name: str) -> object:
            return getattr(argon2, name)

        def verify(self, password: str, hash: str) -> bool:  # noqa: A002
            spent.append(hash)
            return original(password, hash)

    hasher._argon2 = Counted()  # type: ignore[assignment]
    for password in (hashed, "seven grey owls", ""):
        spent.clear()
        assert await hasher.verify(password, hashed) == Verdict(False)
        assert spent == [hasher._nobody], "one argon2 of our parameters, as for any other refusal"


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


@pytest.mark.parametrize("password", ["lyceum123", "Lyceum2026!", "LYCEUM--"])
def test_the_name_of_the_place_is_no_password(password: str) -> None:
    with pytest.raises(PasswordTooObvious):
        check_new_password(password)
    check_new_password("lyceum of seven owls")


def test_lengths_are_counted_in_characters_as_they_are_compared() -> None:
    # Four letters, each typed as two code points.
    decomposed = unicodedata.normalize("NFD", "éèêë")
    assert len(decomposed) == 8
    with pytest.raises(ValidationError):
        PasswordGiven(password=decomposed)
    for good in ("x" * 8, "x" * 128, "пароль с пробелом", " leading and trailing ", "🦉🦉🦉🦉🦉🦉🦉🦉"):
        assert PasswordGiven(password=good).password.get_secret_value() == good
    for bad in ("x" * 7, "x" * 129, "seven \ud800 owls", 12345678):
        with pytest.raises(ValidationError):
            PasswordGiven(password=bad)


@pytest.mark.parametrize("password", ["ada.lovelace", "ADA.Lovelace@example.com", "countess"])
def test_what_one_is_known_by(password: str) -> None:
    with pytest.raises(PasswordTooObvious):
        check_new_password(password, own=("ada.lovelace@example.com", "countess", ""))
