"""Access tokens that must not be believed, each wrong in one thing only, made by somebody who knows the trade."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import jwk, jwt

Claims = dict[str, Any]


def encoded(part: bytes | Mapping[str, Any]) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def signed(claims: Claims, pem: str, kid: str, **header: Any) -> str:
    token: str = jwt.encode(claims, pem, "ES256", headers={"kid": kid, **header})
    return token


def by_hmac(claims: Claims, secret: bytes, kid: str) -> str:
    """HS256 with a public key for its secret: what a verifier that lets the header choose would accept."""
    first = f"{encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': kid})}.{encoded(claims)}"
    return f"{first}.{encoded(hmac.digest(secret, first.encode(), hashlib.sha256))}"


def stranger() -> str:
    """The PEM of a P-256 key that nobody published."""
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        .decode()
    )


def spellings(published: Mapping[str, Any]) -> dict[str, bytes]:
    """Each way to write down a published key that a verifier may hold it in."""
    pem: bytes = jwk.construct(dict(published), "ES256").to_pem()
    key = serialization.load_pem_public_key(pem)
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    point = serialization.PublicFormat.UncompressedPoint
    return {
        "JSON": json.dumps(published).encode(),
        "PEM": pem.strip() + b"\n",
        "PEM without its last line's end": pem.strip(),
        "DER": key.public_bytes(serialization.Encoding.DER, info),
        "a point": key.public_bytes(serialization.Encoding.X962, point),
    }


def without_a_key(genuine: str, jwks: Mapping[str, Any]) -> dict[str, str]:
    """What anybody can make who has seen one token of theirs and the published keys."""
    head, body, signature = genuine.split(".")
    claims, kid = decoded(body), decoded(head)["kid"]
    admin = claims | {"role": "admin"}
    own = stranger()
    own_public = jwk.construct(own, "ES256").public_key().to_dict()
    published = next(key for key in jwks["keys"] if key["kid"] == kid)
    return {
        "unsigned": f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(admin)}.",
        "unsigned, in capitals": f"{encoded({'alg': 'NONE', 'kid': kid})}.{encoded(admin)}.",
        "unsigned, signature kept": f"{encoded({'alg': 'none', 'kid': kid})}.{body}.{signature}",
        "signature cut off": f"{head}.{body}.",
        "signature of zeros": f"{head}.{encoded(admin)}.{encoded(bytes(64))}",
        **{
            f"HMAC with the published key as {name}": by_hmac(admin, key, kid)
            for name, key in spellings(published).items()
        },
        "HMAC with nothing": by_hmac(admin, b"", kid),
        "another's key, our kid": signed(admin, own, kid),
        "another's key, its own kid": signed(admin, own, "stranger"),
        "another's key, brought along": signed(admin, own, "stranger", jwk=own_public),
        "another's key, to be fetched": signed(admin, own, "stranger", jku="http://127.0.0.1:9/jwks.json"),
        "another's key, our kid, brought along": signed(admin, own, kid, jwk={**own_public, "kid": kid}),
        "another's key, our kid, to be fetched": signed(admin, own, kid, jku="http://127.0.0.1:9/jwks.json"),
        "another's certificate": signed(admin, own, kid, x5c=[encoded(spellings(own_public)["DER"])]),
        "another's certificate, to be fetched": signed(admin, own, kid, x5u="http://127.0.0.1:9/chain.pem"),
        "another curve": signed_otherwise(admin, kid, "ES384", ec.SECP384R1()),
        "a path for a kid": signed(admin, own, "../../dev/null"),
        "claims changed": f"{head}.{encoded(admin)}.{signature}",
        "header changed": f"{encoded(decoded(head) | {'x': 1})}.{body}.{signature}",
        "signature changed": f"{head}.{body}.{encoded(bytes(reversed(_raw(signature))))}",
        "a signature twice": f"{genuine}.{signature}",
        "a critical extension": signed(admin, own, kid, crit=["exp"]),
        "not a token": "let-me-in",
        "two dots": "..",
        "nothing in it": f"{encoded(b'{}')}.{encoded(b'{}')}.{encoded(b'')}",
        "an array for a header": f"{encoded(b'[]')}.{body}.{signature}",
        "an array for claims": f"{head}.{encoded(b'[]')}.{signature}",
        "a deep header": f"{encoded(_deep(900))}.{body}.{signature}",
        "far too long": f"{head}.{encoded(bytes(9_000))}.{signature}",
    }


def with_the_key(genuine: str, pem: str) -> dict[str, str]:
    """Signed by identity's own key, and still not an access token of this platform that is good now."""
    head, body, _ = genuine.split(".")
    claims, kid = decoded(body), decoded(head)["kid"]
    now = int(time.time())

    def but(**changed: Any) -> str:
        merged = claims | changed
        return signed({name: value for name, value in merged.items() if value is not None}, pem, kid)

    return {
        "expired": but(iat=now - 700, exp=now - 60),
        "never expires": but(exp=None),
        "not good yet": but(nbf=now + 600),
        "for somebody else": but(aud="another-platform"),
        "for nobody": but(aud=None),
        "from somebody else": but(iss="https://issuer.example"),
        "from nobody": but(iss=None),
        "a refresh token": but(typ="refresh"),
        "a service's token": but(typ="service", sub="catalog", iss="catalog"),
        "of no type": but(typ=None),
        "for no one": but(sub=None),
        "for a name": but(sub="admin"),
        "a role nobody has": but(role="root"),
        "no role": but(role=None),
        "a tier nobody sells": but(tier="diamond"),
        "a life without end": but(exp=now + 10 * 365 * 86400),
        "no kid": str(jwt.encode(claims, pem, "ES256")),
    }


def signed_otherwise(claims: Claims, kid: str, algorithm: str, curve: ec.EllipticCurve) -> str:
    """By a key and an algorithm that the platform does not use."""
    pem = ec.generate_private_key(curve).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    token: str = jwt.encode(claims, pem.decode(), algorithm, headers={"kid": kid})
    return token


def _deep(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


def _raw(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
