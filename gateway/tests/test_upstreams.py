import pytest
from gateway.upstreams import Route, WrongMethod, route, rows
from hypothesis import given
from hypothesis import strategies as st


def service_of(method: str, path: str) -> str | None:
    found = route(method, path.encode())
    return found.service if isinstance(found, Route) else None


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        ("POST", "/api/v1/auth/login", "identity"),
        ("GET", "/.well-known/jwks.json", "identity"),
        ("GET", "/.well-known/openid-configuration", "identity"),
        ("PATCH", "/api/v1/users/me/profile", "identity"),
        ("PUT", "/api/v1/users/me/profile/picture", "identity"),
        ("GET", "/api/v1/users/7/public", "identity"),
        ("POST", "/api/v1/auth/social/partial/tok", "identity"),
        ("GET", "/api/v1/auth/social/google/callback", "identity"),
        ("GET", "/api/v1/courses/an-introduction", "catalog"),
        ("POST", "/api/v1/courses/5/publish", "catalog"),
        ("POST", "/api/v1/courses/5/versions/2/restore", "catalog"),
        ("GET", "/api/v1/courses/5/reviews", "catalog"),
        ("GET", "/api/v1/courses/5/progress", "learning"),
        ("GET", "/api/v1/courses/5/students", "learning"),
        ("GET", "/api/v1/courses/5/instructors", "instructor"),
        ("PATCH", "/api/v1/courses/5/instructors/9", "instructor"),
        ("GET", "/api/v1/lessons/3", "catalog"),
        ("GET", "/api/v1/lessons/3/resources", "catalog"),
        ("GET", "/api/v1/lessons/3/notes", "learning"),
        ("PUT", "/api/v1/lessons/3/assessment", "assessment"),
        ("PUT", "/api/v1/enrollments/1/lessons/2/progress", "learning"),
        ("GET", "/api/v1/certificates/verify/abc", "learning"),
        ("GET", "/api/v1/certificates/LYC-1/pdf", "learning"),
        ("GET", "/api/v1/notifications/stream", "learning"),
        ("POST", "/api/v1/attempts/4/submit", "assessment"),
        ("GET", "/api/v1/instructors/me/dashboard", "instructor"),
        ("PUT", "/api/v1/course-sessions/8f/drafts/lesson/1", "instructor"),
        ("POST", "/api/v1/course-sessions/8f/drafts/lesson/1/restore", "instructor"),
        ("GET", "/api/v1/stats/users/me", "analytics"),
        ("GET", "/api/v1/stats/instructors/me/history", "analytics"),
        ("GET", "/api/v1/activity/me", "analytics"),
        ("POST", "/api/v1/schedules/tasks/2/run", "analytics"),
        ("POST", "/api/v1/analytics/rebuild", "analytics"),
        ("GET", "/api/v1/ops/learning/dead-letters", "learning"),
        ("POST", "/api/v1/ops/catalog/dead-letters/4/retry", "catalog"),
        ("HEAD", "/api/v1/courses", "catalog"),
        ("GET", "/api/v1/courses/na%C3%AFve-b%C3%A4r", "catalog"),
        ("GET", "/api/v1/%63ourses", "catalog"),
    ],
)
def test_a_path_goes_to_the_service_that_owns_it(method: str, path: str, service: str) -> None:
    assert service_of(method, path) == service


@pytest.mark.parametrize(
    "path",
    [
        "/internal",
        "/internal/users/7",
        "/INTERNAL/users/7",
        "//internal/users/7",
        "/%69nternal/users/7",
        "/api/v1/../../internal/users/7",
        "/api/v1/..%2f..%2finternal/users/7",
        "/api/v1/%2e%2e/%2e%2e/internal/users/7",
        "/api/v1/courses/..%2f..%2f..%2finternal",
        "/api/v1/courses/%2e%2e",
        "/api/v1/courses/..",
        "/api/v1/courses/.",
        "/api/v1/courses/5%2Fstudents",
        "/api/v1/courses/5%5Cstudents",
        "/api/v1/courses/5\\students",
        "/api/v1/courses//students",
        "/api/v1/courses/",
        "/api/v1//courses",
        "//api/v1/courses",
        "/api/v1/courses/5%00",
        "/api/v1/courses/5%0d%0aX-Y:1",
        "/api/v1/courses/%",
        "/api/v1/courses/%zz",
        "/api/v1/courses/%ff",
        "/api/v1/courses/a b",
        "/api/v1/internal",
        "/api/v1/ops/nobody/dead-letters",
        "/API/v1/courses",
        "/metrics",
        "/openapi.json",
        "",
        "/",
        "*",
    ],
)
def test_what_is_not_in_the_table_or_can_be_read_in_two_ways_has_no_route(path: str) -> None:
    assert route("GET", path.encode()) is None


@given(
    st.lists(
        st.sampled_from(["api", "v1", "internal", "%69nternal", "..", ".", "", "%2e", "%2f", "%2F..", "x"])
    )
)
def test_no_path_with_an_internal_segment_has_a_route(segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    if "nternal" in path:
        assert route("GET", path.encode()) is None


def test_a_known_path_with_another_method_says_what_it_takes() -> None:
    assert route("DELETE", b"/api/v1/courses") == WrongMethod("GET, HEAD, OPTIONS, POST")
    assert route("GET", b"/api/v1/auth/login") == WrongMethod("OPTIONS, POST")


def test_a_fixed_name_is_never_an_id() -> None:
    assert route("POST", b"/api/v1/users/me/ban") is None
    assert route("GET", b"/api/v1/bookmarks/order") == WrongMethod("OPTIONS, PUT")


def test_every_row_of_the_table_is_found() -> None:
    seen = set()
    for row in rows():
        path = "/".join("x1" if segment.startswith("{") else segment for segment in row.path.split("/"))
        assert route(row.method, path.encode()) == row
        seen.add(row.service)
    assert seen == {"identity", "catalog", "learning", "assessment", "instructor", "analytics"}


def test_what_guesses_and_what_uploads_is_known() -> None:
    def traits(method: str, path: str) -> frozenset[str]:
        found = route(method, path.encode())
        assert isinstance(found, Route)
        return found.traits

    for path in ("login", "register", "password/forgot", "verify-email/resend"):
        assert "auth" in traits("POST", f"/api/v1/auth/{path}")
    assert "upload" in traits("PUT", "/api/v1/resources/5/file")
    assert "stream" in traits("GET", "/api/v1/stats/stream")
    assert traits("GET", "/api/v1/courses") == frozenset()
