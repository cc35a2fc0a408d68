"""What is told to who tries too often."""

from chassis.errors import TooManyRequests


class TriedTooOften(TooManyRequests):
    """One answer whatever there is behind the name; its headers are those of draft-ietf-httpapi-ratelimit-headers."""

    slug = "tried-too-often"
    title = "Too many tries"

    def __init__(self, policy: str, quota: int, window: int, wait: int) -> None:
        super().__init__("Wait before you try again.", retry_after=wait)
        self._told = {
            "RateLimit-Policy": f'"{policy}";q={quota};w={window}',
            "RateLimit": f'"{policy}";r=0;t={wait}',
        }

    @property
    def headers(self) -> dict[str, str]:
        return {**super().headers, **self._told}
