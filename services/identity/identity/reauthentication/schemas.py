"""What shows again who is logged in."""

from chassis.schemas import InputModel

from identity.passwords.schemas import GivenPassword


class MaybePassword(InputModel):
    """The account's password; not needed within a few minutes of the login."""

    password: GivenPassword | None = None
