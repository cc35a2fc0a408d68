"""ASSESSMENT_* settings."""

from typing import ClassVar

from chassis.settings import ServiceSettings


class Settings(ServiceSettings, env_prefix="ASSESSMENT_"):
    service: ClassVar[str] = "assessment"
