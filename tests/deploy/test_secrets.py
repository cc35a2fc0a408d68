"""make_secrets.py: what it makes opens the doors it is made for, to nobody else, and is not lost by a second run."""

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

import pytest
from chassis.auth import InvalidToken, ServiceSigner, ServiceTokenVerifier
from lyceum.keys import jwks_file, key_file
from lyceum.services import SIGNERS


@pytest.fixture
def maker(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("deploy/docker/make_secrets.py")


def values(env: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", env, re.MULTILINE))


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_env_file_is_complete_private_and_random(maker: ModuleType, tmp_path: Path) -> None:
    one, other = tmp_path / "one.env", tmp_path / "other.env"
    assert maker.complete_env(one) == list(maker.WANTED)
    maker.complete_env(other)
    assert one.stat().st_mode & 0o777 == 0o600
    first, second = values(one.read_text()), values(other.read_text())
    same = {name for name in first if first[name] == second[name]}
    assert same == {"LYCEUM_ADMIN_EMAIL"}
    for name, value in first.items():
        assert len(value) >= 20
        if name.endswith("PASSWORD"):
            assert quote(value, safe="") == value, "it stands in a URL as it is"
        assert not re.search(r"[\s$#'\"\\]", value), "compose reads it as it is"


def test_a_second_run_changes_nothing_and_adds_what_is_missing(maker: ModuleType, tmp_path: Path) -> None:
    env = tmp_path / ".env"
    maker.complete_env(env)
    before = env.read_text()
    assert maker.complete_env(env) == []
    assert env.read_text() == before
    mine = before.replace("LYCEUM_ADMIN_EMAIL=admin@lyceum.example", "LYCEUM_ADMIN_EMAIL=me@school.example")
    env.write_text(re.sub(r"^GRAFANA_ADMIN_PASSWORD=.*\n", "", mine, flags=re.MULTILINE).rstrip("\n"))
    assert maker.complete_env(env) == ["GRAFANA_ADMIN_PASSWORD"]
    after = values(env.read_text())
    assert after["LYCEUM_ADMIN_EMAIL"] == "me@school.example"
    assert after["POSTGRES_PASSWORD"] == values(before)["POSTGRES_PASSWORD"]
    assert env.stat().st_mode & 0o777 == 0o600


def test_the_identity_key_is_one_that_identity_takes(
    maker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from identity.settings import Settings

    monkeypatch.setenv("IDENTITY_SECRET_KEY", maker.WANTED["IDENTITY_SECRET_KEY"]())
    assert Settings().service == "identity"


async def test_every_service_signs_for_itself_and_for_nobody_else(maker: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    maker.make_keys(folder, anew=False)
    verifier = ServiceTokenVerifier("catalog", jwks_file(folder))
    for service in SIGNERS:
        signer = ServiceSigner(service, key_file(folder, service))
        assert await verifier.verify(signer.token("catalog")) == service
    impostor = ServiceSigner("identity", key_file(folder, "learning"))
    with pytest.raises(InvalidToken):
        await verifier.verify(impostor.token("catalog"))


def test_the_keys_lie_behind_a_closed_door_and_survive_a_second_run(
    maker: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "secrets"
    maker.make_keys(folder, anew=False)
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o444, "read in a container by another user id"
    kept = contents(folder)
    assert len(kept) == len(SIGNERS) + 1
    maker.make_keys(folder, anew=False)
    assert contents(folder) == kept
    maker.make_keys(folder, anew=True)
    rotated = contents(folder)
    assert set(rotated) == set(kept)
    assert not set(rotated.values()) & set(kept.values())
