"""What is answered about courses that came as archives."""

from typing import Any, cast

from chassis.schemas import OutputModel
from pydantic import ConfigDict, Field

from catalog.courses.schemas import CourseOut
from catalog.courses.service import View
from catalog.transfer.documents import Report

EXAMPLE: dict[str, Any] = {
    "format": "lyceum-course",
    "taken": {"modules": 2, "lessons": 14, "resources": 3, "files": 2, "thumbnail": 1},
    "left": [{"what": "notes/ideas.txt", "why": "Nothing in the course refers to it."}],
    "left_untold": 0,
}


class LeftOut(OutputModel):
    """Something that the course did not get."""

    what: str
    why: str

    model_config = ConfigDict(json_schema_extra={"examples": EXAMPLE["left"]})


class ReportOut(OutputModel):
    """What was taken of an archive, counted by kind, and what was left."""

    format: str
    taken: dict[str, int]
    left: list[LeftOut]
    left_untold: int = Field(description="How much more was left than is listed.")

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


_COURSE_EXAMPLE: dict[str, Any] = cast(Any, CourseOut.model_config)["json_schema_extra"]["examples"][0]


class ImportedCourse(CourseOut):
    """The new draft, and what became of the archive."""

    report: ReportOut

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_COURSE_EXAMPLE, "creation_method": "import", "report": EXAMPLE}]}
    )

    @classmethod
    def of_import(cls, view: View, report: Report) -> "ImportedCourse":
        return cls(**CourseOut.of_view(view).__dict__, report=ReportOut.model_validate(report))
