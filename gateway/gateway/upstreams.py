"""The routing table: every path a client may ask for, and the service that answers it.

What is not in the table is not reachable: the services' /internal, /metrics and /healthz are not in it. A row is
the methods, the path, and what the gateway has to know beyond that:

    auth     guessing and mail-sending are slowed down per address
    upload   the body is a file
    stream   server-sent events: the connection stays open
    slow     the service is known to work long on it
    long     gigabytes are worked on before it answers

HEAD goes where GET goes. OPTIONS is the gateway's own affair.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

TABLE: dict[str, str] = {
    "identity": """
        GET                /.well-known/jwks.json
        GET                /.well-known/openid-configuration
        POST               /api/v1/auth/register                          auth
        POST               /api/v1/auth/verify-email                      auth
        POST               /api/v1/auth/verify-email/resend               auth
        POST               /api/v1/auth/login                             auth
        POST               /api/v1/auth/second-factor                     auth
        POST               /api/v1/auth/passkey/options                   auth
        POST               /api/v1/auth/passkey/login                     auth
        POST               /api/v1/auth/refresh
        POST               /api/v1/auth/logout
        POST               /api/v1/auth/logout-all
        POST               /api/v1/auth/password/forgot                   auth
        POST               /api/v1/auth/password/reset                    auth
        POST               /api/v1/auth/password/change                   auth
        POST               /api/v1/auth/emails/confirm                    auth
        GET                /api/v1/auth/social/providers
        GET                /api/v1/auth/social/{provider}/login           auth
        GET                /api/v1/auth/social/{provider}/callback        auth
        POST               /api/v1/auth/social/{provider}/token           auth
        POST               /api/v1/auth/social/partial/{token}            auth
        GET                /api/v1/users
        GET PATCH          /api/v1/users/{id}
        POST               /api/v1/users/{id}/ban
        GET                /api/v1/users/{id}/public
        GET PATCH DELETE   /api/v1/users/me
        GET                /media/profiles/{user_id}/{name}
        GET PATCH          /api/v1/users/me/profile
        PUT DELETE         /api/v1/users/me/profile/picture               upload
        GET                /api/v1/users/me/sessions
        DELETE             /api/v1/users/me/sessions/{id}
        GET                /api/v1/users/me/logins
        GET                /api/v1/users/me/second-factor
        POST DELETE        /api/v1/users/me/second-factor/totp
        POST               /api/v1/users/me/second-factor/totp/confirm    auth
        POST               /api/v1/users/me/second-factor/recovery-codes  auth
        DELETE             /api/v1/users/{id}/second-factor
        GET POST           /api/v1/users/me/passkeys
        POST               /api/v1/users/me/passkeys/options
        GET PATCH DELETE   /api/v1/users/me/passkeys/{id}
        GET                /api/v1/users/me/emails
        POST               /api/v1/users/me/emails                        auth
        DELETE             /api/v1/users/me/emails/{id}
        POST               /api/v1/users/me/emails/{id}/primary
        GET                /api/v1/users/me/export                        slow
        GET                /api/v1/erasures/{token}
        GET POST           /api/v1/users/me/subscription
        POST               /api/v1/users/me/subscription/cancel
        GET                /api/v1/users/me/payments
        GET                /api/v1/payments
        POST               /api/v1/payments/{id}/refund
        POST               /api/v1/payments/sandbox/{intent_id}/confirm
        POST               /api/v1/payments/webhooks/{provider}
        GET                /api/v1/users/me/social-accounts
        DELETE             /api/v1/users/me/social-accounts/{id}
        POST               /api/v1/users/me/social-accounts/{provider}/link   auth
        GET                /api/v1/subscription-tiers
        GET POST           /api/v1/groups
        GET PATCH DELETE   /api/v1/groups/{id}
        GET                /api/v1/permissions
        GET                /api/v1/audit-log
        GET POST           /api/v1/social-apps
        GET PATCH DELETE   /api/v1/social-apps/{id}
        POST               /api/v1/social-apps/{id}/check                 slow
        GET POST           /api/v1/sites
        GET PATCH DELETE   /api/v1/sites/{id}
    """,
    "catalog": """
        GET POST           /api/v1/categories
        GET PATCH DELETE   /api/v1/categories/{id}
        GET POST           /api/v1/courses
        GET PATCH DELETE   /api/v1/courses/{id}
        POST               /api/v1/courses/import                         upload long
        GET                /api/v1/courses/{id}/export                    slow
        POST               /api/v1/courses/{id}/publish
        POST               /api/v1/courses/{id}/unpublish
        GET POST           /api/v1/courses/{id}/versions
        POST               /api/v1/courses/{id}/versions/{version_id}/restore
        POST DELETE        /api/v1/courses/{id}/preview-token
        GET                /api/v1/preview/{token}
        GET                /api/v1/preview/{token}/lessons/{lesson_id}
        PUT DELETE         /api/v1/courses/{id}/thumbnail                 upload
        PUT                /api/v1/courses/{id}/order
        GET POST           /api/v1/courses/{id}/modules
        GET PATCH DELETE   /api/v1/modules/{id}
        GET POST           /api/v1/modules/{id}/lessons
        GET PATCH DELETE   /api/v1/lessons/{id}
        GET POST           /api/v1/lessons/{id}/resources
        GET PATCH DELETE   /api/v1/resources/{id}
        PUT                /api/v1/resources/{id}/file                    upload
        GET                /api/v1/resources/{id}/download
        GET POST           /api/v1/courses/{id}/reviews
        GET PATCH DELETE   /api/v1/reviews/{id}
        POST DELETE        /api/v1/reviews/{id}/helpful
        POST               /api/v1/reviews/{id}/moderate
        GET POST           /api/v1/testimonials
        GET PATCH DELETE   /api/v1/testimonials/{id}
        PUT DELETE         /api/v1/testimonials/{id}/avatar               upload
        GET                /media/courses/{course_id}/{name}
        GET                /media/testimonials/{testimonial_id}/{name}
    """,
    "learning": """
        GET POST           /api/v1/enrollments
        GET                /api/v1/enrollments/{id}
        POST               /api/v1/enrollments/{id}/drop
        POST               /api/v1/enrollments/{id}/refund
        GET                /api/v1/enrollments/{id}/progress
        PUT                /api/v1/enrollments/{id}/lessons/{lesson_id}/progress
        POST               /api/v1/enrollments/{id}/lessons/{lesson_id}/complete
        GET                /api/v1/courses/{id}/progress
        GET                /api/v1/courses/{id}/students
        GET POST           /api/v1/bookmarks
        PUT                /api/v1/bookmarks/order
        GET PATCH DELETE   /api/v1/bookmarks/{id}
        GET POST           /api/v1/notes
        GET PATCH DELETE   /api/v1/notes/{id}
        GET                /api/v1/lessons/{id}/notes
        GET                /api/v1/certificates
        GET                /api/v1/certificates/{certificate_number}
        GET                /api/v1/certificates/{certificate_number}/pdf      slow
        GET                /api/v1/certificates/{certificate_number}/badge
        POST               /api/v1/certificates/{certificate_number}/revoke
        GET                /api/v1/certificates/verify/{verification_hash}
        GET                /api/v1/notifications
        POST               /api/v1/notifications/{id}/read
        POST               /api/v1/notifications/read-all
        GET                /api/v1/notifications/stream                   stream
        GET PATCH          /api/v1/preferences
    """,
    "assessment": """
        GET PUT DELETE     /api/v1/lessons/{lesson_id}/assessment
        GET                /api/v1/assessments/{id}
        PUT                /api/v1/assessments/{id}/order
        GET POST           /api/v1/assessments/{id}/questions
        GET PATCH DELETE   /api/v1/questions/{id}
        GET POST           /api/v1/questions/{id}/answers
        GET PATCH DELETE   /api/v1/answers/{id}
        GET POST           /api/v1/assessments/{id}/attempts
        GET                /api/v1/assessments/{id}/statistics
        PATCH              /api/v1/attempt-answers/{id}
        GET                /api/v1/attempts
        GET                /api/v1/attempts/{id}
        PUT                /api/v1/attempts/{id}/answers/{question_id}
        POST               /api/v1/attempts/{id}/submit
    """,
    "instructor": """
        GET                /api/v1/instructors
        GET                /api/v1/instructors/{id}
        POST               /api/v1/instructors/apply
        GET PATCH          /api/v1/instructors/me
        PUT                /api/v1/instructors/me/profile-image           upload
        PUT                /api/v1/instructors/me/cover-image             upload
        POST               /api/v1/instructors/{id}/approve
        POST               /api/v1/instructors/{id}/reject
        POST               /api/v1/instructors/{id}/suspend
        POST               /api/v1/instructors/{id}/reinstate
        PATCH              /api/v1/instructors/{id}/tier
        GET PATCH          /api/v1/instructors/me/dashboard
        GET                /api/v1/instructors/me/notifications
        POST               /api/v1/instructors/me/notifications/{id}/read
        POST               /api/v1/instructors/me/notifications/{id}/dismiss
        GET                /api/v1/instructors/me/sessions
        DELETE             /api/v1/instructors/me/sessions/{id}
        GET POST           /api/v1/course-templates
        GET PATCH DELETE   /api/v1/course-templates/{id}
        GET POST           /api/v1/course-sessions
        GET PATCH DELETE   /api/v1/course-sessions/{session_id}
        PUT                /api/v1/course-sessions/{session_id}/steps/{n}
        PUT                /api/v1/course-sessions/{session_id}/drafts/{content_type}/{content_id}
        GET                /api/v1/course-sessions/{session_id}/drafts/{content_type}/{content_id}/versions
        POST               /api/v1/course-sessions/{session_id}/drafts/{content_type}/{content_id}/restore
        POST               /api/v1/course-sessions/{session_id}/files     upload
        POST               /api/v1/course-sessions/{session_id}/validate
        POST               /api/v1/course-sessions/{session_id}/publish
        GET POST           /api/v1/courses/{id}/instructors
        PATCH DELETE       /api/v1/courses/{id}/instructors/{user_id}
        POST               /api/v1/ai-drafts
        GET PATCH          /api/v1/ai-drafts/{id}
        POST               /api/v1/ai-drafts/{id}/outline
        POST               /api/v1/ai-drafts/{id}/modules
        POST               /api/v1/ai-drafts/{id}/lessons
        POST               /api/v1/ai-drafts/{id}/assessments
        POST               /api/v1/ai-drafts/{id}/finalize
        GET                /api/v1/ai-drafts/{id}/stream                  stream
    """,
    "analytics": """
        GET                /api/v1/stats/platform
        GET                /api/v1/stats/courses/{id}
        GET                /api/v1/stats/users/me
        GET                /api/v1/stats/users/{id}
        GET                /api/v1/stats/instructors/me
        GET                /api/v1/stats/instructors/me/history
        GET                /api/v1/stats/instructors/{id}
        GET                /api/v1/stats/stream                           stream
        GET                /api/v1/activity
        GET                /api/v1/activity/me
        GET POST           /api/v1/schedules/crontab
        GET PATCH DELETE   /api/v1/schedules/crontab/{id}
        GET POST           /api/v1/schedules/interval
        GET PATCH DELETE   /api/v1/schedules/interval/{id}
        GET POST           /api/v1/schedules/solar
        GET PATCH DELETE   /api/v1/schedules/solar/{id}
        GET POST           /api/v1/schedules/clocked
        GET PATCH DELETE   /api/v1/schedules/clocked/{id}
        GET POST           /api/v1/schedules/tasks
        GET PATCH DELETE   /api/v1/schedules/tasks/{id}
        POST               /api/v1/schedules/tasks/{id}/run
        GET                /api/v1/schedules/tasks/{id}/runs
        POST               /api/v1/analytics/rebuild                      slow
        POST               /api/v1/analytics/audit                        slow
        GET                /api/v1/analytics/freshness
    """,
}

# Every service has these: what its consumer could not handle, for admins.
for _service in TABLE:
    TABLE[_service] += f"""
        GET                /api/v1/ops/{_service}/dead-letters
        GET                /api/v1/ops/{_service}/dead-letters/{{id}}
        POST               /api/v1/ops/{_service}/dead-letters/{{id}}/retry
        POST               /api/v1/ops/{_service}/dead-letters/{{id}}/drop
    """

TRAITS = frozenset({"auth", "upload", "stream", "slow", "long"})


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path, and who answers it."""

    service: str
    method: str
    path: str
    traits: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class WrongMethod:
    """The path is known, the method is not; `allow` is what its Allow header says."""

    allow: str


@dataclass(slots=True)
class _Node:
    """One segment of the tree of paths. A fixed name wins over a parameter, and there is no way back:
    `me` is never anybody's id."""

    named: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    methods: dict[str, Route] = field(default_factory=dict)
    wrong_method: WrongMethod | None = None


def rows() -> Iterator[Route]:
    """Every row of the table, one method at a time."""
    for service, lines in TABLE.items():
        for line in lines.strip().splitlines():
            words = line.split()
            if not words:
                continue
            at = next(index for index, word in enumerate(words) if word.startswith("/"))
            traits = frozenset(words[at + 1 :])
            if traits - TRAITS:
                raise ValueError(f"unknown traits in the row {line.strip()!r}")
            for method in words[:at]:
                yield Route(service, method, words[at], traits)


def _grow() -> _Node:
    root = _Node()
    for route in rows():
        node = root
        for segment in route.path[1:].split("/"):
            if segment.startswith("{"):
                if node.parameter is None:
                    node.parameter = _Node()
                node = node.parameter
            else:
                node = node.named.setdefault(segment, _Node())
        if route.method in node.methods:
            raise ValueError(f"{route.method} {route.path} is in the table twice")
        node.methods[route.method] = route
        if route.method == "GET":
            node.methods["HEAD"] = route
        node.wrong_method = WrongMethod(", ".join(sorted({*node.methods, "OPTIONS"})))
    return root


_ROOT = _grow()

# What may stand in a path unencoded (RFC 3986, pchar).
_PLAIN = re.compile(rb"(?:/[A-Za-z0-9\-._~!$&'()*+,;=:@]+)+")
_ENCODED = re.compile(rb"(?:/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})+)+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f/\\]")


def segments_of(raw_path: bytes) -> list[str] | None:
    """The decoded segments of a path; None for one that two readers might take for different paths.

    Services decode the whole path once and then split it, so an encoded slash, a dot segment or an empty one
    could be another path to them than to us. None of these has an honest use here: they are refused.
    """
    if _PLAIN.fullmatch(raw_path):
        segments = raw_path[1:].decode("ascii").split("/")
    elif _ENCODED.fullmatch(raw_path):
        try:
            segments = [unquote_to_bytes(segment).decode("utf-8") for segment in raw_path[1:].split(b"/")]
        except UnicodeDecodeError:
            return None
        if any(_CONTROL.search(segment) for segment in segments):
            return None
    else:
        return None
    if "." in segments or ".." in segments:
        return None
    return segments


def route(method: str, raw_path: bytes) -> Route | WrongMethod | None:
    """Who answers this request; None for a path that is not in the table. O(segments)."""
    segments = segments_of(raw_path)
    if segments is None:
        return None
    node = _ROOT
    for segment in segments:
        below = node.named.get(segment, node.parameter)
        if below is None:
            return None
        node = below
    return node.methods.get(method) or node.wrong_method
