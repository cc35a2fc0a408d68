"""Entity tags for what identity's people edit."""

import hashlib

from chassis.schemas import OutputModel
from chassis.web import etag


def tag_of(representation: OutputModel) -> str:
    """A strong tag of what the client sees: equal representations have equal tags, whatever changed behind them."""
    return etag(hashlib.sha256(representation.model_dump_json().encode()).hexdigest()[:24])
