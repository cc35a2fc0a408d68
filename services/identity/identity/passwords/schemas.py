"""Passwords as requests carry them: never shown, never stripped, always bounded."""

from typing import Annotated, Any

from pydantic import PlainValidator, SecretStr, WithJsonSchema
from pydantic_core import PydanticKnownError

from identity.passwords.rules import MAX_LENGTH, MIN_LENGTH, normalized

EXAMPLE = "seven grey owls at noon"


def _secret(at_least: int, at_most: int) -> tuple[PlainValidator, WithJsonSchema]:
    # By hand: request models strip what pydantic reads as text, and in a password a blank is a character.
    def read(given: Any) -> SecretStr:
        if not isinstance(given, str):
            raise PydanticKnownError("string_type")
        if not given.isprintable() and any(0xD800 <= ord(letter) <= 0xDFFF for letter in given):
            raise PydanticKnownError("string_unicode")
        # Counted as it is compared: letters, not the code points that some keyboards write one with.
        if len(normalized(given)) < at_least:
            raise PydanticKnownError("string_too_short", {"min_length": at_least})
        if len(given) > at_most:
            raise PydanticKnownError("string_too_long", {"max_length": at_most})
        return SecretStr(given)

    form = {"type": "string", "format": "password", "writeOnly": True}
    limits = {"minLength": at_least, "maxLength": at_most, "examples": [EXAMPLE]}
    return PlainValidator(read), WithJsonSchema({**form, **limits})


NewPassword = Annotated[SecretStr, *_secret(MIN_LENGTH, MAX_LENGTH)]
"""A password to set."""

GivenPassword = Annotated[SecretStr, *_secret(1, 4096)]
"""A password to compare with, by no rule but that it ends: rules change, passwords that were set stay good."""
