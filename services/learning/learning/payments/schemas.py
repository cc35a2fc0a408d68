"""How a learner pays."""

from typing import Annotated, Literal

from chassis.schemas import InputModel
from pydantic import ConfigDict, Field


class PaymentIn(InputModel):
    """What the provider gave the client to pay with; never a card."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"provider": "sandbox", "token": "tok_ok"}]})

    provider: Literal["sandbox"]
    token: Annotated[str, Field(min_length=1, max_length=200)]
