"""Keys and passwords: made once, kept closed, and such that a service's token verifies."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

from jose import jwt
from lyceum import keys
from lyceum.services import SERVICES


def test_a_token_of_each_service_verifies_with_the_published_keys(tmp_path: Path) -> None:
    keys.ensure_service_keys(tmp_path, SERVICES)
    published = json.loads(keys.jwks_file(tmp_path).read_text())["keys"]
    assert [entry["kid"] for entry in published] == [f"{service}.1" for service in SERVICES]
    for service, entry in zip(SERVICES, published, strict=True):
        pem = keys.key_file(tmp_path, service).read_text()
        token = jwt.encode({"sub": service}, pem, algorithm="ES256")
        assert jwt.decode(token, entry, algorithms=["ES256"])["sub"] == service
        assert "d" not in entry


def test_what_is_made_stays_and_is_for_its_owner(tmp_path: Path) -> None:
    keys.ensure_service_keys(tmp_path, SERVICES)
    made = keys.ensure_platform_secrets(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    keys.ensure_service_keys(tmp_path, SERVICES)
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
