"""What a batch adds to the platform's numbers."""

from dataclasses import dataclass


@dataclass(slots=True)
class PlatformTallies:
    """By how many there are more (or fewer), named as the columns are."""

    total_courses: int = 0
    total_students: int = 0
    total_instructors: int = 0
    total_lessons_completed: int = 0
    total_certificates_issued: int = 0
