"""What verifiers of our tokens read."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from chassis.auth import ALGORITHM
from chassis.web import Router, Session, etag, is_fresh
from fastapi import Header, Response

from identity.dependencies import Config
from identity.tokens import signing_keys
from identity.tokens.schemas import Discovery, KeySetOut

# A key is announced for three times as long before it signs, so that no cache is surprised by it. Nothing stale may
# be served while a fresh one can be had: after a leak that would keep a key alive that was taken out.
CACHED = "public, max-age=300, stale-if-error=3600"
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "You have it already."}}

IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", max_length=1000, description="The ETag you have; 304 if it is still true."),
]

router = Router(prefix="/.well-known", tags=["tokens"])


@router.get("/jwks.json", response_model=KeySetOut, responses=NOT_MODIFIED)
async def jwks(session: Session, response: Response, if_none_match: IfNoneMatch = None) -> object:
    """The public keys that access tokens are verified with; one that is announced is there before it signs."""
    return _cached(await signing_keys.published_keys(session), response, if_none_match)


@router.get("/openid-configuration", response_model=Discovery, responses=NOT_MODIFIED)
async def openid_configuration(
    settings: Config, response: Response, if_none_match: IfNoneMatch = None
) -> object:
    """Who issues the tokens, and where the keys are, in the shape of OpenID Connect Discovery.

    There are no flows for clients of others here: no authorization endpoint, no grants.
    """
    base = settings.public_url.rstrip("/")
    found = Discovery(
        issuer=settings.issuer,
        jwks_uri=f"{base}/.well-known/jwks.json",
        service_documentation=f"{base}/docs",
        id_token_signing_alg_values_supported=[ALGORITHM],
        subject_types_supported=["public"],
        claims_supported=[
            *("iss", "aud", "sub", "iat", "iat_us", "exp", "jti"),
            *("typ", "sid", "role", "tier", "permissions"),
        ],
    )
    return _cached(found.model_dump(), response, if_none_match)


def _cached(content: Mapping[str, Any], response: Response, if_none_match: str | None) -> object:
    """The content with what caches need, or 304 for who has it."""
    tag = etag(hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32])
    headers = {"Cache-Control": CACHED, "ETag": tag}
    if is_fresh(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return content
