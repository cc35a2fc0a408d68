"""One learner's path: enroll, study, complete, be certified; and what the platform is told of it."""

from contracts.learning import (
    CertificateIssued,
    CourseCompleted,
    EnrollmentCreated,
    EnrollmentProgressChanged,
    LessonCompleted,
)


async def test_a_learner_enrolls_studies_and_completes(ada, catalog, published):
    enrollment_id = await ada.enrolled()
    counted = await ada.report(enrollment_id, 101, progress_percentage=50, time_spent_delta=0)
    assert counted.status_code == 200, counted.text
    await ada.completes(enrollment_id, 101, 102, 201)
    last = await ada.complete(enrollment_id, 202)

    assert last.json()["enrollment_status"] == "completed"
    assert last.json()["enrollment_progress_percentage"] == 100
    seen = (await ada.get(f"/enrollments/{enrollment_id}/progress")).json()
    assert (seen["completion_percentage"], seen["lessons_completed"], seen["total_lessons"]) == (100, 4, 4)
    assert seen["study_streak_days"] == 1
    assert [row["lesson_id"] for row in seen["lessons"]] == [101, 102, 201, 202]

    certificates = (await ada.get("/certificates")).json()["items"]
    assert [c["certificate_number"] for c in certificates] == [seen["certificate_number"]]

    events = await published()
    assert len([e for e in events if isinstance(e, EnrollmentCreated)]) == 1
    assert [e.lesson_id for e in events if isinstance(e, LessonCompleted)] == [101, 102, 201, 202]
    assert len([e for e in events if isinstance(e, CourseCompleted)]) == 1
    assert len([e for e in events if isinstance(e, CertificateIssued)]) == 1
    states = [e for e in events if isinstance(e, EnrollmentProgressChanged)]
    assert [s.lessons_completed for s in states] == [0, 1, 2, 3, 4]
    assert (states[-1].status, str(states[-1].progress_percentage)) == ("completed", "100.00")
    versions = [e.version for e in events if hasattr(e, "version")]
    assert versions == sorted(set(versions)), "every event of the enrollment takes the next version"
