"""What verifiers of our tokens read."""

from chassis.auth import ALGORITHM
from chassis.web import Router, Session
from fastapi import Response

from identity.dependencies import Config
from identity.tokens import service
from identity.tokens.schemas import Discovery, KeySetOut

# Verifiers look again at a kid they do not know, so a cached set never keeps a new key from being found.
CACHED = "public, max-age=300, stale-while-revalidate=3600, stale-if-error=86400"

router = Router(prefix="/.well-known", tags=["tokens"])


@router.get("/jwks.json", response_model=KeySetOut)
async def jwks(session: Session, response: Response) -> object:
    """The public keys that access tokens are verified with."""
    response.headers["Cache-Control"] = CACHED
    return await service.published_keys(session)


@router.get("/openid-configuration")
async def openid_configuration(settings: Config, response: Response) -> Discovery:
    """Who issues the tokens, and where the keys are (OpenID Connect Discovery's shape)."""
    response.headers["Cache-Control"] = CACHED
    return Discovery(
        issuer=settings.issuer,
        jwks_uri=f"{settings.public_url.rstrip('/')}/.well-known/jwks.json",
        id_token_signing_alg_values_supported=[ALGORITHM],
        subject_types_supported=["public"],
        response_types_supported=[],
        grant_types_supported=["password", "refresh_token"],
        claims_supported=["sub", "role", "tier", "permissions", "sid", "jti", "aud", "iss", "iat", "exp"],
    )
