"""What logging in takes."""

from typing import Annotated

from chassis.schemas import InputModel
from pydantic import Field, model_validator

from identity.passwords.schemas import GivenPassword, NewPassword

LoginName = Annotated[str, Field(min_length=1, max_length=254)]


class Login(InputModel):
    """The account by its e-mail address or its username, in either field."""

    email: LoginName | None = Field(None, examples=["ada@example.com"])
    username: LoginName | None = Field(None, examples=["ada"])
    password: GivenPassword

    @model_validator(mode="after")
    def _one_name(self) -> "Login":
        if (self.email is None) == (self.username is None):
            raise ValueError("give either email or username")
        return self

    @property
    def name(self) -> str:
        return self.email or self.username or ""


class PasswordChange(InputModel):
    current_password: GivenPassword
    new_password: NewPassword
