"""Why a session is refused."""

from chassis.errors import Unauthenticated


class RefreshTokenInvalid(Unauthenticated):
    """One answer for a refresh token that is unknown, expired, ended, or used before."""

    slug = "refresh-token-invalid"
    title = "The refresh token is not valid"

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="lyceum", error="invalid_token"'}


class SessionEnded(Unauthenticated):
    slug = "session-ended"
    title = "This session has ended"

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": 'Bearer realm="lyceum", error="invalid_token"'}
