"""What passkeys take and answer. Options and credentials are in WebAuthn's own JSON forms."""

from typing import Annotated, Any, Literal

from chassis.schemas import InputModel, Instant, OutputModel
from pydantic import ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=60, examples=["My phone"])]
Id = Annotated[
    str, Field(min_length=1, max_length=1400, pattern=r"^[A-Za-z0-9_-]+$", examples=["q83vEjRWeJA"])
]
ClientData = Annotated[
    str,
    Field(
        min_length=1,
        max_length=4000,
        pattern=r"^[A-Za-z0-9_-]+$",
        examples=["eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0"],
    ),
]
Bytes = Annotated[
    str, Field(min_length=1, max_length=20_000, pattern=r"^[A-Za-z0-9_-]+$", examples=["o2NmbXRkbm9uZQ"])
]
Transport = Literal["usb", "nfc", "ble", "smart-card", "internal", "cable", "hybrid"]


class _FromTheBrowser(InputModel):
    """Browsers say more from one year to the next, and none of it is ours to refuse."""

    model_config = ConfigDict(extra="ignore")


class AttestationResponse(_FromTheBrowser):
    clientDataJSON: ClientData  # noqa: N815 - WebAuthn names it so
    attestationObject: Bytes  # noqa: N815
    transports: list[Annotated[str, Field(max_length=30)]] = Field([], max_length=10, examples=[["internal"]])


class NewCredential(_FromTheBrowser):
    """What navigator.credentials.create() made, in its JSON form (`toJSON()`)."""

    id: Id
    rawId: Id  # noqa: N815
    type: Literal["public-key"]
    response: AttestationResponse


class AssertionResponse(_FromTheBrowser):
    clientDataJSON: ClientData  # noqa: N815
    authenticatorData: Bytes  # noqa: N815
    signature: Bytes
    userHandle: Id | None = None  # noqa: N815


class Credential(_FromTheBrowser):
    """What navigator.credentials.get() answered, in its JSON form (`toJSON()`)."""

    id: Id
    rawId: Id  # noqa: N815
    type: Literal["public-key"]
    response: AssertionResponse


class PasskeyGiven(InputModel):
    name: Name
    credential: NewCredential


class PasskeyLogin(InputModel):
    credential: Credential


class PasskeyPatch(InputModel):
    name: Name


class PasskeyOptions(OutputModel):
    """Options for navigator.credentials, as JSON: to be read by PublicKeyCredential.parseCreationOptionsFromJSON() or
    parseRequestOptionsFromJSON()."""

    public_key: dict[str, Any] = Field(
        examples=[{"challenge": "uVX88IgRa0SSrMIRT_q7cRcdfgfRBxCgn_pkpUAnXJK2zQ"}]
    )


class PasskeyOut(OutputModel):
    """One of my passkeys. `suspected_at` is when it seemed to have a copy: delete it unless you know better."""

    id: int = Field(examples=[5])
    name: Name
    transports: list[str] = Field(examples=[["internal", "hybrid"]])
    is_backed_up: bool
    created_at: Instant
    last_used_at: Instant | None
    suspected_at: Instant | None
