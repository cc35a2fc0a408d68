"""Courses that were published before there were versions have one to go back to."""

import asyncio
from dataclasses import replace

from chassis.db import Database
from chassis.testing import migrate


async def test_what_is_published_becomes_a_version(studio, editor, settings, app):
    course, draft = await studio.published(), await studio.outlined("A draft")
    await editor.publish((await editor.draft(course.id))["id"])
    held = await editor.held(course.id)
    # As an operator would, with nobody connected: who is has plans of tables that change.
    await editor.database.close()
    await app.state.database.close()
    url = str(settings.database_url).replace("+asyncpg", "")
    await asyncio.to_thread(migrate, "catalog", url, "downgrade", "count_courses")
    await asyncio.to_thread(migrate, "catalog", url, "upgrade", "head")

    app.state.database = Database(settings, process="test")
    after = replace(editor, database=app.state.database)
    assert await after.held(course.id) == held, "the course's own rows are as they were"
    assert await after.versions(course.id) == [("1.1", "current")], "older versions went on the way down"
    assert await after.versions(draft.id) == [("1.0", "draft")]
    await after.write(course.lessons[0][0], "botched")
    shown = await after.restore(course.id, course.id)
    assert (shown["version"], shown["is_published"]) == ("1.3", True)
    assert await after.held(course.id) == held
    assert [version for version, _ in await after.versions(course.id)] == ["1.3", "1.2", "1.1"]
