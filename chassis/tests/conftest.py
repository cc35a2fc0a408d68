"""A service of two tables, to try the chassis with: things, which are made and renamed, and what was heard of them."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import httpx
import pytest
from chassis.auth import Principal, TokenVerifier
from chassis.db import Base, Database
from chassis.errors import Conflict, NotFound
from chassis.outbox import emit
from chassis.pagination import Page, PageParams, page
from chassis.schemas import Identifier, InputModel, Instant, Money, OutputModel
from chassis.settings import ServiceSettings
from chassis.testing import ISSUER, Keys, Templates, Upstream, with_driver
from chassis.web import (
    Calls,
    CurrentUser,
    IfMatch,
    OptionalUser,
    Reading,
    Router,
    ServiceCaller,
    Session,
    Staff,
    etag,
    require_match,
    service_app,
)
from contracts.learning import NoteCreated
from fastapi import FastAPI, Query, Response
from fastapi import Path as PathParam
from pydantic import Field
from sqlalchemy import BigInteger, DateTime, Identity, Text, func, select
from sqlalchemy.orm import Mapped, mapped_column

from chassis import tables


class Thing(Base):
    __tablename__ = "chassis_test_thing"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    owner_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(BigInteger, server_default="1")
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Heard(Base):
    """One row per event handled: handled twice is two rows."""

    __tablename__ = "chassis_test_heard"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    note_id: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[int] = mapped_column(BigInteger)


class Settings(ServiceSettings, env_prefix="CHASSIS_TEST_"):
    service: ClassVar[str] = "learning"


class ThingIn(InputModel):
    name: str = Field(min_length=1, max_length=50)
    price: Money | None = None


class ThingOut(OutputModel):
    id: int
    name: str
    made_at: Instant


class Params(PageParams):
    order: Literal["asc", "desc"] = "asc"


class NameTaken(Conflict):
    slug = "name-taken"
    title = "There is a thing of this name"


router = Router(prefix="/api/v1", tags=["things"])


def note(number: int, user_id: int = 7) -> NoteCreated:
    example = NoteCreated.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index,call-overload]
    return NoteCreated.model_validate_json(
        __import__("json").dumps({**example, "note_id": number, "user_id": user_id})
    )


@router.post("/things", status_code=201)
async def make_thing(body: ThingIn, session: Session, user: CurrentUser) -> ThingOut:
    if await session.scalar(select(Thing).where(Thing.name == body.name)):
        raise NameTaken(f"{body.name} is taken.")
    thing = Thing(name=body.name, owner_id=user.user_id)
    session.add(thing)
    await session.flush()
    await session.refresh(thing)
    emit(session, note(thing.id, user.user_id))
    return ThingOut.model_validate(thing)


@router.get("/things")
async def list_things(session: Session, params: Annotated[Params, Query()]) -> Page[ThingOut]:
    rows, cursor = await page(
        session, select(Thing), params, key=[(Thing.made_at, params.order), (Thing.id, params.order)]
    )
    return Page(items=[ThingOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get("/things/{thing_id}")
async def look_at_thing(thing_id: Annotated[Identifier, PathParam()], session: Reading) -> ThingOut:
    thing = await session.get(Thing, thing_id)
    if thing is None:
        raise NotFound
    return ThingOut.model_validate(thing)


@router.get("/scribbles")
async def scribble_while_reading(session: Reading) -> dict[str, int]:
    session.add(Thing(name="scribbled", owner_id=1))
    await session.flush()
    return {}


@router.patch("/things/{thing_id}")
async def rename_thing(
    thing_id: Annotated[Identifier, PathParam()],
    body: ThingIn,
    session: Session,
    user: CurrentUser,
    response: Response,
    if_match: IfMatch = None,
) -> ThingOut:
    thing = await session.get(Thing, thing_id, with_for_update=True)
    if thing is None or thing.owner_id != user.user_id:
        raise NotFound
    require_match(if_match, etag(thing.version))
    thing.name = body.name
    thing.version += 1
    response.headers["ETag"] = etag(thing.version)
    return ThingOut.model_validate(thing)


@router.post("/things/defect")
async def meet_a_defect(session: Session) -> ThingOut:
    session.add(Thing(name="half", owner_id=1))
    await session.flush()
    raise RuntimeError("secret detail")


@router.get("/links/{token}")
async def follow_a_link(token: str) -> ThingOut:
    raise RuntimeError("a link leads nowhere")


@router.get("/me")
async def who(user: OptionalUser) -> dict[str, int | None]:
    return {"user_id": user.user_id if user else None}


@router.get("/staff-only")
async def staff_looks(staff: Annotated[Principal, Staff("learning.view_student")]) -> dict[str, int]:
    return {"user_id": staff.user_id}


@router.post("/things/{thing_id}/retire/{word}")
async def retire_thing(
    session: Session,
    staff: Annotated[Principal, Staff("learning.view_note")],
    thing_id: Annotated[Identifier, PathParam()],
    word: str,
) -> dict[str, int]:
    if await session.get(Thing, thing_id) is None:
        raise NotFound
    return {"user_id": staff.user_id}


@router.get("/asks/{name}")
async def ask_catalog(name: str, calls: Calls) -> dict[str, str]:
    found: dict[str, str] = await calls.get("catalog", f"/internal/{name}")
    return found


internal = Router(prefix="/internal")


@internal.get("/callers")
async def callers(caller: ServiceCaller) -> dict[str, str]:
    return {"caller": caller}


@pytest.fixture
async def settings(
    templates: Templates, tmp_path: Path, service_keys: Path, upstream: Upstream
) -> AsyncIterator[Settings]:
    url = await templates.empty()
    settings = Settings(
        database_url=with_driver(url),
        issuer=ISSUER,
        public_url=ISSUER,
        service_key_file=service_keys / "learning.pem",
        service_jwks_file=service_keys / "jwks.json",
        service_urls={"catalog": upstream.url},
        mail_spool_dir=tmp_path / "mail",
        consumer_stuck_after=8,
    )
    database = Database(settings)
    ours = [Base.metadata.tables[name] for name in ("chassis_test_thing", "chassis_test_heard")]
    chassis = [getattr(tables, name).__table__ for name in tables.__all__]
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all, tables=[*ours, *chassis])
    await database.close()
    yield settings
    await templates.drop(url)


@pytest.fixture
async def app(settings: Settings, keys: Keys) -> AsyncIterator[FastAPI]:
    async def published() -> dict[str, object]:
        return keys.jwks

    app = service_app(settings, title="Things", routers=[router, internal])
    app.state.verifier = TokenVerifier(issuer=ISSUER, audience="lyceum", source=published)
    app.state.ended.guard(app.state.verifier)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def things() -> type[Thing]:
    return Thing


@pytest.fixture
def heard() -> type[Heard]:
    return Heard


@pytest.fixture
def make_note() -> object:
    return note


@pytest.fixture
def on_kafka(settings: Any, kafka: str, kafka_idempotent: bool) -> Any:
    return settings.model_copy(
        update={
            "kafka_bootstrap": kafka,
            "kafka_idempotent": kafka_idempotent,
            # As each is used: the embedded broker by one worker a service, Apache Kafka by groups.
            "kafka_alone": not kafka_idempotent,
            "kafka_fetch_max_wait_ms": 50,
            "kafka_session_timeout_ms": 6000,
        }
    )


@pytest.fixture
def mine() -> int:
    """A user id of this test's own: the topics are shared by the whole session."""
    return int.from_bytes(__import__("secrets").token_bytes(5), "big") + 1


async def count(client: httpx.AsyncClient) -> int:
    return len((await client.get("/api/v1/things?limit=100")).json()["items"])
