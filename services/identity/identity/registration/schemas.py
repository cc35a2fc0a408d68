"""What registering and verifying take and answer."""

from typing import Annotated

from chassis.schemas import InputModel, OutputModel
from pydantic import Field

from identity.accounts.rules import USERNAME
from identity.email_addresses.schemas import Email
from identity.one_time_tokens.schemas import MailedToken
from identity.passwords.schemas import NewPassword

PersonName = Annotated[str, Field(max_length=150)]


class Registration(InputModel):
    email: Email
    username: Annotated[str, Field(pattern=USERNAME, examples=["ada"])]
    password: NewPassword
    first_name: PersonName = Field("", examples=["Ada"])
    last_name: PersonName = Field("", examples=["Lovelace"])


class Registered(OutputModel):
    """What is said whether the address was new or not."""

    email: str = Field(examples=["ada@example.com"])


class Verification(InputModel):
    token: MailedToken


class Verified(OutputModel):
    email: str = Field(examples=["ada@example.com"])
    is_email_verified: bool = Field(examples=[True])


class MailRequest(InputModel):
    """Ask for a mail. The answer is the same whether there is such an account."""

    email: Email


class MailAccepted(OutputModel):
    email: str = Field(examples=["ada@example.com"])
