"""E-mail addresses as requests carry them, and as their owner sees them."""

from typing import Annotated

from chassis.schemas import InputModel, OutputModel
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema

from identity.one_time_tokens.schemas import MailedToken


def _email(given: str) -> str:
    try:
        # Whether mail arrives there is found out by sending one, not by asking the DNS while somebody waits.
        found = validate_email(given, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return found.normalized.lower()


Email = Annotated[
    str,
    StringConstraints(min_length=3, max_length=254),
    AfterValidator(_email),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254, "examples": ["ada@example.com"]}),
]
"""An e-mail address, in lower case."""


class EmailAdded(InputModel):
    """The address to put on my list."""

    email: Email


class EmailOut(OutputModel):
    """One of my addresses."""

    id: int = Field(examples=[12])
    email: str = Field(examples=["ada@example.com"])
    verified: bool = Field(description="Whether it was confirmed by the link mailed to it.")
    primary: bool = Field(description="Whether I log in with it, and am written to by it.")


class Confirmation(InputModel):
    """What the mailed link ends in."""

    key: MailedToken
