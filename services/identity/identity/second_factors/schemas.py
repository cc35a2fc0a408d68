"""What second factors take and answer."""

from typing import Annotated, Any

from chassis.schemas import InputModel
from pydantic import Field, model_validator

from identity.second_factors.service import Proof

Code = Annotated[str, Field(min_length=6, max_length=12, examples=["492039"])]
RecoveryCodeGiven = Annotated[str, Field(min_length=20, max_length=40, examples=["k3xqa-7mzrp-2vhdn-w5tbc"])]
Credential = Annotated[
    dict[str, Any],
    Field(
        max_length=12,
        description="The PublicKeyCredential of navigator.credentials.get(), in its JSON form.",
        examples=[{"id": "q83vEg", "rawId": "q83vEg", "type": "public-key", "response": {}}],
    ),
]


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
        return Proof(self.code, self.recovery_code, self.credential)
