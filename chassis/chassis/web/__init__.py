"""What a service's routes are written with."""

from chassis.web.app import service_app
from chassis.web.asking import asked
from chassis.web.deps import (
    Calls,
    CurrentUser,
    IfMatch,
    OptionalUser,
    Reading,
    ServiceCaller,
    Session,
    Staff,
)
from chassis.web.etag import etag, is_fresh, require_match
from chassis.web.route import Router
from chassis.web.server import serve
from chassis.web.telling import told

__all__ = [
    "Calls",
    "CurrentUser",
    "IfMatch",
    "OptionalUser",
    "Reading",
    "Router",
    "ServiceCaller",
    "Session",
    "Staff",
    "asked",
    "etag",
    "is_fresh",
    "require_match",
    "serve",
    "service_app",
    "told",
]
