"""Why a mailed token is refused."""

from chassis.errors import Invalid


class OneTimeTokenInvalid(Invalid):
    """One answer for a token that is unknown, used, or expired: whoever guesses learns nothing."""

    slug = "one-time-token-invalid"
    title = "This link is not valid any more"

    def __init__(self) -> None:
        super().__init__("It was used, it expired, or it never existed. Ask for a new one.")
