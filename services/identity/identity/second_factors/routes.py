"""Answer a challenge, and switch one's second factor on and off."""

from chassis.web import Router
from fastapi import Response

from identity.dependencies import Origin, Transactions
from identity.second_factors import service
from identity.second_factors.schemas import SecondFactorGiven
from identity.sessions.schemas import TokenPairOut
from identity.tokens.dependencies import Tokens

auth_router = Router(prefix="/api/v1/auth", tags=["second factors"])
router = Router(prefix="/api/v1/users/me/second-factor", tags=["second factors"])

NO_STORE = "no-store"


@auth_router.post("/second-factor")
async def answer_challenge(
    given: SecondFactorGiven, database: Transactions, issuer: Tokens, origin: Origin, response: Response
) -> TokenPairOut:
    """Give the second factor that a login asked for (403, `second-factor-required`), from where it began."""
    response.headers["Cache-Control"] = NO_STORE
    pair = await service.answer(database, issuer, given.challenge, given.proof, origin)
    return TokenPairOut.model_validate(pair)
