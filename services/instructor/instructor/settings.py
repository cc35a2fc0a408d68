"""INSTRUCTOR_* settings."""

from typing import ClassVar

from chassis.settings import ServiceSettings


class Settings(ServiceSettings, env_prefix="INSTRUCTOR_"):
    service: ClassVar[str] = "instructor"
