"""Passwords as requests carry them: never shown, never stripped, always bounded."""

from typing import Annotated

from pydantic import Field, SecretStr

from identity.passwords.rules import MAX_LENGTH, MIN_LENGTH

# Not stripped: a blank is as good a character as another.
NewPassword = Annotated[
    SecretStr, Field(min_length=MIN_LENGTH, max_length=MAX_LENGTH, examples=["seven grey owls at noon"])
]
"""A password to set."""

GivenPassword = Annotated[
    SecretStr, Field(min_length=1, max_length=4096, examples=["seven grey owls at noon"])
]
"""A password to compare with, by no rule but that it ends: rules change, passwords that were set stay good."""
