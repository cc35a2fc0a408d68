"""Keys and passwords: made once, kept closed, and such that a service's token verifies."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

from jose import jwt
from lyceum import keys
from lyceum.services import SERVICES, SIGNERS


def test_a_token_of_each_service_verifies_with_the_published_keys(tmp_path: Path) -> None:
    keys.ensure_service_keys(tmp_path, SIGNERS)
    published = json.loads(keys.jwks_file(tmp_path).read_text())["keys"]
    assert [entry["kid"] for entry in published] == [f"{service}.1" for service in SIGNERS]
    for service, entry in zip(SIGNERS, published, strict=True):
        pem = keys.key_file(tmp_path, service).read_text()
        token = jwt.encode({"sub": service}, pem, algorithm="ES256")
        assert jwt.decode(token, entry, algorithms=["ES256"])["sub"] == service
        assert "d" not in entry


def test_who_comes_later_gets_a_key_and_the_others_keep_theirs(tmp_path: Path) -> None:
    """A data dir, or a deployment, from before the gateway had one."""
    keys.ensure_service_keys(tmp_path, SERVICES)
    kept = {service: keys.key_file(tmp_path, service).read_text() for service in SERVICES}
    before = json.loads(keys.jwks_file(tmp_path).read_text())["keys"]
    keys.ensure_service_keys(tmp_path, SIGNERS)
    assert {service: keys.key_file(tmp_path, service).read_text() for service in SERVICES} == kept
    *others, own = json.loads(keys.jwks_file(tmp_path).read_text())["keys"]
    assert others == before
    token = jwt.encode({}, keys.key_file(tmp_path, "gateway").read_text(), algorithm="ES256")
    assert jwt.decode(token, own, algorithms=["ES256"]) == {}


def test_a_key_without_its_other_half_is_made_anew_alone(tmp_path: Path) -> None:
    keys.ensure_service_keys(tmp_path, SIGNERS)
    before = {entry["kid"]: entry for entry in json.loads(keys.jwks_file(tmp_path).read_text())["keys"]}
    keys.key_file(tmp_path, "learning").unlink()
    keys.ensure_service_keys(tmp_path, SIGNERS)
    after = {entry["kid"]: entry for entry in json.loads(keys.jwks_file(tmp_path).read_text())["keys"]}
    assert len(json.loads(keys.jwks_file(tmp_path).read_text())["keys"]) == len(SIGNERS)
    assert {kid for kid in before if after[kid] != before[kid]} == {"learning.1"}
    token = jwt.encode({}, keys.key_file(tmp_path, "learning").read_text(), algorithm="ES256")
    assert jwt.decode(token, after["learning.1"], algorithms=["ES256"]) == {}


def test_what_is_made_stays_and_is_for_its_owner(tmp_path: Path) -> None:
    keys.ensure_service_keys(tmp_path, SIGNERS)
    made = keys.ensure_platform_secrets(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    keys.ensure_service_keys(tmp_path, SIGNERS)
    assert keys.ensure_platform_secrets(tmp_path) == made
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_passwords_and_keys_differ_from_one_data_dir_to_the_next(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one, two = (keys.ensure_platform_secrets(tmp_path / name) for name in ("one", "two"))
    assert len(base64.b64decode(one["identity_secret_key"])) == 32
    assert one["identity_secret_key"] != two["identity_secret_key"]
    passwords = [a["password"] for made in (one, two) for a in made["demo_accounts"].values()]
    assert len(set(passwords)) == 6
    assert set(one["demo_accounts"]) == {"admin", "instructor", "student"}
