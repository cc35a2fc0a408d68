"""Names by events: the newest counts."""


async def test_the_newest_name_is_shown(studio, events, deliver):
    course = await studio.published()

    async def name():
        return (await studio.ask("GET", f"/courses/{course.slug}"))["instructor"]["display_name"]

    assert await name() == ""
    await deliver(events.user(3, "Charles Babbage", version=2), times=2)
    await deliver(events.user(3, "C. B.", version=1))
    assert await name() == "Charles Babbage"
    await deliver(events.user(3, "Professor Babbage", version=3))
    assert await name() == "Professor Babbage"
