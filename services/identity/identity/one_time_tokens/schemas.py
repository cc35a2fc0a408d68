"""Mailed tokens as requests carry them."""

from typing import Annotated

from pydantic import Field

MailedToken = Annotated[str, Field(min_length=1, max_length=200, examples=["pBXrI7uBbX6pUn1YHJHhXqgEPWHs3h"])]
"""The `token` of a mailed link."""
