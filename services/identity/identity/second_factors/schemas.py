"""What second factors take and answer."""

from typing import Annotated

from chassis.schemas import InputModel, Instant, OutputModel
from pydantic import Field, model_validator

from identity.passkeys.schemas import Credential
from identity.passwords.schemas import GivenPassword
from identity.second_factors.service import Proof

Code = Annotated[str, Field(min_length=6, max_length=12, examples=["492039"])]
RecoveryCodeGiven = Annotated[str, Field(min_length=20, max_length=40, examples=["k3xqa-7mzrp-2vhdn-w5tbc"])]


class SecondFactorGiven(InputModel):
    """The challenge of the 403, and one second factor."""

    challenge: str = Field(
        min_length=20, max_length=100, examples=["DQqhrNbXBBMcRk4Yf3ZkT0HdLyAhJ8mQ6pV1eWnXo2s"]
    )
    code: Code | None = None
    recovery_code: RecoveryCodeGiven | None = None
    credential: Credential | None = None

    @model_validator(mode="after")
    def _one_factor(self) -> "SecondFactorGiven":
        if sum(given is not None for given in (self.code, self.recovery_code, self.credential)) != 1:
            raise ValueError("give one of code, recovery_code and credential")
        return self

    @property
    def proof(self) -> Proof:
        credential = None if self.credential is None else self.credential.model_dump(exclude_none=True)
        return Proof(self.code, self.recovery_code, credential)


class OwnerGiven(InputModel):
    """The account's password, or a second factor of it."""

    password: GivenPassword | None = None
    code: Code | None = None
    recovery_code: RecoveryCodeGiven | None = None

    @model_validator(mode="after")
    def _one_proof(self) -> "OwnerGiven":
        if sum(given is not None for given in (self.password, self.code, self.recovery_code)) != 1:
            raise ValueError("give one of password, code and recovery_code")
        return self


class FirstCode(InputModel):
    code: Code


class SecondFactorOut(OutputModel):
    """My second factor. `recovery_codes_left` says when it is time for a new set."""

    is_on: bool = Field(examples=[True])
    confirmed_at: Instant | None
    recovery_codes_left: int = Field(examples=[10])


class EnrollmentOut(OutputModel):
    """What an authenticator app is told: typed in, or as the QR code of the URI. Not shown again."""

    secret: str = Field(examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"])
    otpauth_uri: str = Field(
        examples=[
            "otpauth://totp/Lyceum:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Lyceum"
        ]
    )


class RecoveryCodesOut(OutputModel):
    """Each lets its owner in once without the app. Shown this once."""

    recovery_codes: list[str] = Field(examples=[["k3xqa-7mzrp-2vhdn-w5tbc"]])
