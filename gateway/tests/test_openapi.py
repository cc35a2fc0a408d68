import copy
from typing import Any

import httpx
import orjson
from chassis.web.openapi import PROBLEM, with_problems
from gateway.openapi import METHODS, merge

from .conftest import Echo, OpenGateway, is_problem, until


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def service(paths: dict[str, Any], schemas: dict[str, Any], **components: Any) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "x", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas, **components},
    }


def answers(schema: dict[str, Any], **operation: Any) -> dict[str, Any]:
    return {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}, **operation}


def answer_of(document: dict[str, Any], path: str, method: str = "get") -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path][method]["responses"]["200"]["content"][
        "application/json"
    ]["schema"]
    return found


ERROR = {"type": "object", "properties": {"loc": {"type": "array"}}}
PAGE = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": ref("Course")}, "error": ref("Error")},
}
DOCUMENTS = {
    "catalog": service(
        {
            "/api/v1/courses": {"get": answers(ref("Page"), operationId="list_courses", tags=["courses"])},
            "/api/v1/courses/{course_id}": {
                "get": answers(ref("Course"), operationId="read", security=[{"Token": []}])
            },
        },
        {
            "Course": {"type": "object", "properties": {"title": {}}},
            "Page": PAGE,
            "Error": ERROR,
            "Unused": {},
        },
        securitySchemes={"Token": {"type": "http", "scheme": "bearer"}},
    ),
    "learning": service(
        {
            "/api/v1/courses/{id}/students": {
                "get": answers(ref("Page"), operationId="students", tags=["courses"])
            },
            "/api/v1/enrollments": {
                "get": answers({}, security=[{"Token": []}]),
                "post": answers(
                    {
                        "oneOf": [ref("Course"), ref("Error")],
                        "discriminator": {"mapping": {"c": "#/components/schemas/Course"}},
                    },
                    operationId="read",
                ),
            },
            "/internal/courses/{id}/offer": {"get": answers(ref("Secret"), operationId="offer")},
            "/api/v1/unrouted": {"get": answers(ref("Secret"), operationId="unrouted")},
        },
        {
            "Course": {"type": "object", "properties": {"progress": {}}},
            "Page": PAGE,
            "Error": ERROR,
            "Secret": {"type": "string"},
        },
        securitySchemes={"Token": {"type": "http", "scheme": "bearer"}, "ServiceToken": {"type": "http"}},
    ),
}


def test_names_for_the_same_thing_are_one_and_for_two_things_two() -> None:
    document = merge(DOCUMENTS, "https://lyceum.example")
    schemas = document["components"]["schemas"]
    assert schemas.keys() == {"CatalogCourse", "LearningCourse", "CatalogPage", "LearningPage", "Error"}
    assert schemas["CatalogCourse"]["properties"] == {"title": {}}
    assert schemas["LearningCourse"]["properties"] == {"progress": {}}
    # The two pages read alike, but one lists courses and the other something else.
    assert answer_of(document, "/api/v1/courses") == ref("CatalogPage")
    assert answer_of(document, "/api/v1/courses/{id}/students") == ref("LearningPage")
    assert schemas["LearningPage"]["properties"]["items"]["items"] == ref("LearningCourse")
    assert schemas["LearningPage"]["properties"]["error"] == ref("Error")
    enrolled = answer_of(document, "/api/v1/enrollments", "post")
    assert enrolled["oneOf"] == [ref("LearningCourse"), ref("Error")]
    assert enrolled["discriminator"]["mapping"] == {"c": "#/components/schemas/LearningCourse"}


def test_only_what_the_gateway_routes_is_told() -> None:
    document = merge(DOCUMENTS, "https://lyceum.example")
    assert document["paths"].keys() == {
        "/api/v1/courses",
        "/api/v1/courses/{course_id}",
        "/api/v1/courses/{id}/students",
        "/api/v1/enrollments",
    }
    assert "ecret" not in orjson.dumps(document).decode()
    assert document["servers"] == [{"url": "https://lyceum.example"}]


def test_operation_ids_are_unique_and_shared_schemes_and_tags_are_one() -> None:
    document = merge(DOCUMENTS, "https://lyceum.example")
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    ids = [operation["operationId"] for operation in operations if "operationId" in operation]
    assert sorted(ids) == ["learning_read", "list_courses", "read", "students"]
    assert document["components"]["securitySchemes"].keys() == {"Token"}
    assert document["tags"] == [{"name": "courses"}]


def test_security_schemes_that_differ_keep_apart() -> None:
    other = {**DOCUMENTS["learning"]}
    other["components"] = {**other["components"], "securitySchemes": {"Token": {"type": "apiKey"}}}
    document = merge({**DOCUMENTS, "learning": other}, "https://lyceum.example")
    assert document["components"]["securitySchemes"].keys() == {"CatalogToken", "LearningToken"}
    assert document["paths"]["/api/v1/courses/{course_id}"]["get"]["security"] == [{"CatalogToken": []}]
    assert document["paths"]["/api/v1/enrollments"]["get"]["security"] == [{"LearningToken": []}]


def test_merging_leaves_what_the_services_said_untouched_and_is_the_same_every_time() -> None:
    before = orjson.dumps(DOCUMENTS)
    first = orjson.dumps(merge(DOCUMENTS, "x"))
    again = orjson.dumps(merge({name: DOCUMENTS[name] for name in sorted(DOCUMENTS)}, "x"))
    assert orjson.dumps(DOCUMENTS) == before
    assert first == again


async def test_the_document_is_served_and_known_by_its_etag(open_gateway: OpenGateway, echo: Echo) -> None:
    echo.openapi = DOCUMENTS["catalog"]
    try:
        door = open_gateway({"learning": "http://127.0.0.1:9"})
        async with door.client() as client:
            await until(lambda: door.gateway.site.openapi.document is not None)
            answer = await client.get("/openapi.json")
            assert answer.json()["paths"].keys() == {"/api/v1/courses", "/api/v1/courses/{course_id}"}
            again = await client.get("/openapi.json", headers={"if-none-match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
    finally:
        echo.openapi = {"openapi": "3.1.0", "paths": {}}


async def test_the_last_good_document_stays_and_nonsense_changes_nothing(
    open_gateway: OpenGateway, echo: Echo
) -> None:
    echo.openapi = DOCUMENTS["catalog"]
    try:
        door = open_gateway(openapi_refresh=0.05)
        async with door.client() as client:
            site = door.gateway.site
            await until(lambda: site.openapi.document is not None)
            good = (await client.get("/openapi.json")).json()
            requests = echo.requests
            echo.openapi = {"paths": "nonsense"}
            await until(lambda: echo.requests > requests + 12)
            assert (await client.get("/openapi.json")).json() == good
    finally:
        echo.openapi = {"openapi": "3.1.0", "paths": {}}


async def test_before_any_service_has_spoken_there_is_no_document(open_gateway: OpenGateway) -> None:
    door = open_gateway(
        dict.fromkeys(
            ("identity", "catalog", "learning", "assessment", "instructor", "analytics"), "http://127.0.0.1:9"
        )
    )
    async with door.client() as client:
        answer: httpx.Response = await client.get("/openapi.json")
    is_problem(answer, 503, "unavailable")


def test_what_services_say_of_errors_is_said_once() -> None:
    documents = {name: with_problems(copy.deepcopy(document)) for name, document in DOCUMENTS.items()}
    merged = merge(documents, "http://lyceum.test")
    assert merged["components"]["schemas"]["Problem"] == PROBLEM
    assert "Refused" in merged["components"]["responses"]
    assert not [
        name for name in merged["components"]["schemas"] if name.endswith("Problem") and name[0] in "CL"
    ]
    for path, item in merged["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                refused = operation["responses"]["default"]["$ref"]
                assert refused == "#/components/responses/Refused", f"{method} {path}"
