"""What resetting a password takes and answers."""

from chassis.schemas import InputModel, OutputModel
from pydantic import Field

from identity.email_addresses.schemas import Email
from identity.one_time_tokens.schemas import MailedToken
from identity.passwords.schemas import NewPassword


class ForgottenPassword(InputModel):
    email: Email


class ResetAccepted(OutputModel):
    """Said whether the address has an account or not."""

    email: str = Field(examples=["ada@example.com"])


class PasswordReset(InputModel):
    token: MailedToken
    new_password: NewPassword


class PasswordSet(OutputModel):
    """The password is set; log in with it."""

    email: str = Field(examples=["ada@example.com"])
    sessions_ended: int = Field(examples=[2])
