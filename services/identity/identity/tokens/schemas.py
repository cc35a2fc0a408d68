"""What is published about the tokens."""

from chassis.schemas import OutputModel
from pydantic import ConfigDict, Field


class PublicKey(OutputModel):
    """One public key (RFC 7517)."""

    kty: str = Field(examples=["EC"])
    crv: str = Field(examples=["P-256"])
    x: str = Field(examples=["f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"])
    y: str = Field(examples=["x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"])
    kid: str = Field(examples=["NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"])
    use: str = Field(examples=["sig"])
    alg: str = Field(examples=["ES256"])


class KeySetOut(OutputModel):
    """The keys that access tokens are verified with."""

    keys: list[PublicKey]


class Discovery(OutputModel):
    """Where a verifier finds what it needs. What is not offered is said so: the standard's defaults would say else."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    issuer: str = Field(examples=["https://lyceum.example"])
    jwks_uri: str = Field(examples=["https://lyceum.example/.well-known/jwks.json"])
    service_documentation: str = Field(examples=["https://lyceum.example/docs"])
    id_token_signing_alg_values_supported: list[str] = Field(
        description="What all our tokens are signed with.", examples=[["ES256"]]
    )
    subject_types_supported: list[str] = Field(examples=[["public"]])
    response_types_supported: list[str] = Field(default=[], examples=[[]])
    grant_types_supported: list[str] = Field(default=[], examples=[[]])
    claims_parameter_supported: bool = Field(default=False, examples=[False])
    request_uri_parameter_supported: bool = Field(default=False, examples=[False])
    claims_supported: list[str] = Field(examples=[["sub", "role", "tier"]])
