import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from identity.providers.rules import Provider
from identity.social import id_tokens
from identity.social.errors import ProviderAnswerRefused
from identity.social.id_tokens import Expected
from identity.social.identities import ProvenIdentity, from_claims, from_github
from joserfc.jwk import ECKey, RSAKey
from pydantic import SecretStr

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
EXPECTED = Expected("https://idp.example", frozenset({"me", "my-app"}), timedelta(minutes=10))
PROVIDER = Provider(1, "campus", "oidc", "Campus", "me", SecretStr(""), issuer="https://idp.example")


def claims(**changes: Any) -> dict[str, Any]:
    at = int(NOW.timestamp())
    base = {"iss": "https://idp.example", "sub": "7", "aud": "me", "iat": at, "exp": at + 60}
    return {**base, **changes}


def half(token: str, algorithm: str) -> str:
    digest = hashlib.new(f"sha{algorithm[2:]}", token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", id_tokens.ALGORITHMS)
def test_at_hash(algorithm: str) -> None:
    expected = replace(EXPECTED, access_token="token")
    id_tokens.check_claims(claims(at_hash=half("token", algorithm)), algorithm, expected, NOW)
    id_tokens.check_claims(claims(), algorithm, expected, NOW)
    for wrong in (half("another", algorithm), "", 7):
        with pytest.raises(ProviderAnswerRefused):
            id_tokens.check_claims(claims(at_hash=wrong), algorithm, expected, NOW)


@pytest.mark.parametrize(
    ("after", "right"), [(-61, False), (-59, True), (0, True), (119, True), (121, False)]
)
def test_clocks_may_be_a_minute_off(after: int, right: bool) -> None:
    at = NOW + timedelta(seconds=after)
    if right:
        id_tokens.check_claims(claims(), "RS256", EXPECTED, at)
    else:
        with pytest.raises(ProviderAnswerRefused):
            id_tokens.check_claims(claims(), "RS256", EXPECTED, at)


def test_a_nonce_that_is_expected_must_be_there() -> None:
    expected = replace(EXPECTED, nonce="n")
    id_tokens.check_claims(claims(nonce="n"), "RS256", expected, NOW)
    for wrong in ({}, {"nonce": "m"}, {"nonce": ["n"]}, {"nonce": None}):
        with pytest.raises(ProviderAnswerRefused):
            id_tokens.check_claims(claims(**wrong), "RS256", expected, NOW)


def test_google_may_leave_the_scheme_out() -> None:
    google = replace(EXPECTED, issuer="https://accounts.google.com")
    for issuer in ("https://accounts.google.com", "accounts.google.com"):
        id_tokens.check_claims(claims(iss=issuer), "RS256", google, NOW)
    with pytest.raises(ProviderAnswerRefused):
        id_tokens.check_claims(claims(iss="idp.example"), "RS256", EXPECTED, NOW)


def test_keys_that_verify_nothing_here() -> None:
    ec = ECKey.generate_key("P-256", {"kid": "k"}).as_dict(private=True)
    key, algorithm, kid = id_tokens.usable_key(ec) or ({}, "", "")
    assert (algorithm, kid) == ("ES256", "k")
    assert set(key) == {"kty", "crv", "x", "y"}, "of a private key that was published the public half alone"
    rsa = RSAKey.generate_key(2048).as_dict(private=False)
    weak = {**rsa, "n": base64.urlsafe_b64encode(b"\xff" * 128).decode()}
    named = id_tokens.usable_key({**rsa, "alg": "PS256", "kid": "r"})
    assert named is not None
    assert named[1:] == ("PS256", "r")
    unnamed = id_tokens.usable_key({name: rsa[name] for name in ("kty", "n", "e")})
    assert unnamed is not None
    assert len(unnamed[2]) == 43, "its thumbprint"
    for useless in (
        {"kty": "oct", "k": "c2VjcmV0", "kid": "k"},
        {**ec, "alg": "ES384"},
        {**ec, "use": "enc"},
        {**ec, "crv": "secp256k1"},
        {**ec, "kid": 7},
        {**rsa, "alg": "HS256"},
        {**rsa, "alg": "RSA-OAEP"},
        {**rsa, "n": "***"},
        weak,
        "key",
        None,
    ):
        assert id_tokens.usable_key(useless) is None, useless


def test_what_is_used_once() -> None:
    token = "aaa.bbb.signature"
    assert id_tokens.once({"nonce": "n", "jti": "j"}, token) == "nonce\0n"
    assert id_tokens.once({"jti": "j"}, token) == "jti\0j"
    assert id_tokens.once({"nonce": ""}, token) == id_tokens.once({}, "aaa.bbb.another signature of the same")


# --- who the claims are about ---------------------------------------------------------------------------------


def test_names_and_addresses() -> None:
    told = {"sub": "7", "email": "Ada@Example.COM", "email_verified": True, "name": "Ada King  Lovelace"}
    found = from_claims(PROVIDER, told)
    assert (found.email, found.first_name, found.last_name) == ("ada@example.com", "Ada", "King  Lovelace")
    found = from_claims(
        PROVIDER, {**told, "given_name": "A\x00da", "family_name": "L" * 151, "email_verified": 1}
    )
    assert (found.email, found.first_name, found.last_name) == (None, "Ada", "")
    assert found.shown_as == "ada@example.com"
    for address in ("no address", 7, "a@b@c", "x" * 300 + "@example.com", None):
        assert from_claims(PROVIDER, {**told, "email": address}).email is None


def test_an_identity_survives_being_kept() -> None:
    answer = {"access_token": "a", "refresh_token": "r", "expires_at": int(NOW.timestamp())}
    found = from_claims(PROVIDER, {"sub": "7", "preferred_username": "ada"}).with_tokens(answer)
    assert found.expires_at == NOW
    assert ProvenIdentity.unpacked(found.packed()) == found


@pytest.mark.parametrize("user", [None, [], {}, {"id": "7"}, {"id": True}, {"id": None}])
def test_a_user_without_a_number_is_nobody(user: Any) -> None:
    with pytest.raises(ProviderAnswerRefused):
        from_github(PROVIDER, user, [])


@pytest.mark.parametrize(
    "emails",
    [None, {}, ["x"], [{"email": 7, "verified": True}], [{"email": "a@b.example", "verified": "true"}]],
    ids=str,
)
def test_lists_of_addresses_that_are_none(emails: Any) -> None:
    assert from_github(PROVIDER, {"id": 7}, emails).email is None
