"""A platform with people at work in it, through the public API alone.

The plan is made first, from the seed number and nothing else: the same number gives the same people, courses and
learning on an empty platform. Every step may be repeated: a second run finds what the first has made.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lyceum.client import Visitor, open_client
from lyceum.errors import StackError
from lyceum.mailbox import Spool

# (instructors, courses, students)
SIZES = {"small": (2, 4, 12), "demo": (6, 18, 80), "large": (25, 100, 1000)}
LEARNING_AT_ONCE = 4

# fmt: off - a name a line would be a page
FIRST_NAMES = (
    "Ada",
    "Amara",
    "Anouk",
    "Boris",
    "Chiara",
    "Dana",
    "Emil",
    "Fatima",
    "Goran",
    "Hana",
    "Ibrahim",
    "Ines",
    "Jonas",
    "Kavya",
    "Lena",
    "Mateo",
    "Mei",
    "Nadia",
    "Olu",
    "Petra",
    "Quentin",
    "Rosa",
    "Samir",
    "Tomas",
    "Ulla",
    "Victor",
    "Wanjiru",
    "Xenia",
    "Yusuf",
    "Zoe",
)
LAST_NAMES = (
    "Abara",
    "Bergström",
    "Costa",
    "Dubois",
    "Eriksen",
    "Farouk",
    "García",
    "Hoffmann",
    "Ivanova",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Mensah",
    "Nakamura",
    "Okafor",
    "Pereira",
    "Quispe",
    "Rossi",
    "Sato",
    "Tamm",
    "Ueda",
    "Vargas",
    "Weber",
    "Ximénez",
    "Yılmaz",
    "Zhang",
)
# fmt: on
SUBJECTS = {
    "Programming": ("Python", "Rust", "SQL", "TypeScript", "Git"),
    "Data": ("statistics", "data modelling", "stream processing", "forecasting", "data quality"),
    "Design": ("typography", "colour", "interface writing", "accessibility", "prototyping"),
    "Languages": ("Spanish", "Japanese", "Norwegian", "sign language", "Portuguese"),
    "Craft": ("woodworking", "bookbinding", "bread", "bicycle repair", "ceramics"),
}
APPROACHES = ("from the beginning", "in practice", "for the impatient", "under the hood", "in small steps")
LEVELS = ("beginner", "intermediate", "advanced", "all_levels")
PRICES = ("0.00", "0.00", "0.00", "19.00", "49.00")
VERBS = ("Look at", "Take apart", "Build", "Repeat", "Explain", "Measure", "Compare")


@dataclass(frozen=True)
class Person:
    first_name: str
    last_name: str
    username: str
    email: str
    password: str


@dataclass(frozen=True)
class CoursePlan:
    instructor: int
    category: str
    title: str
    description: str
    level: str
    price: str
    modules: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Studying:
    """One enrollment to be: how many of the course's lessons are completed, and how far the next one is, in percent."""

    course: int
    completed: int
    next_lesson: int


@dataclass(frozen=True)
class World:
    instructors: tuple[Person, ...]
    courses: tuple[CoursePlan, ...]
    students: tuple[tuple[Person, tuple[Studying, ...]], ...]


def plan(size: str, seed: int) -> World:
    """What there will be; depends on its arguments alone. StackError for an unknown size."""
    if size not in SIZES:
        raise StackError(f"There is no size {size!r}; there are {', '.join(SIZES)}.")
    instructors, courses, students = SIZES[size]
    chance = random.Random(f"lyceum {seed}")  # noqa: S311 - to be the same again is the point
    teaching = tuple(_person(chance, "teacher", number, seed) for number in range(instructors))
    planned = tuple(_course(chance, number, instructors) for number in range(courses))
    learning = tuple(
        (_person(chance, "learner", number, seed), _studying(chance, planned)) for number in range(students)
    )
    return World(teaching, planned, learning)


def _person(chance: random.Random, role: str, number: int, seed: int) -> Person:
    username = f"{role}-{seed}-{number}"
    digest = hashlib.sha256(f"lyceum {seed} {username}".encode()).hexdigest()
    return Person(
        first_name=chance.choice(FIRST_NAMES),
        last_name=chance.choice(LAST_NAMES),
        username=username,
        email=f"{username}@seed.example",
        # Known to whoever knows the seed: these people live in development only.
        password=f"seed-{digest[:16]}",
    )


def _course(chance: random.Random, number: int, instructors: int) -> CoursePlan:
    category = chance.choice(list(SUBJECTS))
    subject = chance.choice(SUBJECTS[category])
    title = f"{subject[0].upper()}{subject[1:]} {chance.choice(APPROACHES)}"
    modules = tuple(
        (
            f"Part {part}",
            tuple(
                f"{chance.choice(VERBS)} {subject}, {part}.{lesson}"
                for lesson in range(1, chance.randint(3, 5))
            ),
        )
        for part in range(1, chance.randint(3, 5))
    )
    return CoursePlan(
        instructor=number % instructors,
        category=category,
        title=f"{title} ({number + 1})",
        description=f"{title}: what it is good for, how it is done, and how you can tell that you did it well. "
        f"{sum(len(lessons) for _, lessons in modules)} short lessons, each with something to do.",
        level=chance.choice(LEVELS),
        price=chance.choice(PRICES),
        modules=modules,
    )


def _studying(chance: random.Random, courses: tuple[CoursePlan, ...]) -> tuple[Studying, ...]:
    chosen = chance.sample(range(len(courses)), k=min(len(courses), chance.randint(1, 4)))
    found = []
    for course in sorted(chosen):
        lessons = sum(len(names) for _, names in courses[course].modules)
        completed = lessons if chance.random() < 0.4 else chance.randint(0, lessons - 1)
        found.append(Studying(course, completed, chance.randint(5, 90)))
    return tuple(found)


def run(
    base_url: str,
    mail_dir: Path,
    accounts: Mapping[str, Mapping[str, str]],
    size: str,
    seed: int,
    console: Console | None = None,
) -> None:
    """Make the planned world on the running platform; StackError at the first answer that should not be."""
    console = console or Console()
    world = plan(size, seed)
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with open_client(base_url) as http, Progress(*columns, console=console) as progress:
        Seeding(http, Spool(mail_dir), accounts, world, f"seed-{seed}", progress).work()
    teacher, learner = world.instructors[0], world.students[0][0]
    console.print(f"An instructor: {teacher.email}  {teacher.password}", highlight=False, soft_wrap=True)
    console.print(f"A student:     {learner.email}  {learner.password}", highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Made:
    """A published course, and its lessons in their order."""

    id: int
    price: str
    lesson_ids: tuple[int, ...]


class Seeding:
    """One pass over the plan. Accounts and courses are made in order (so that ids are the same again), learning not."""

    def __init__(
        self,
        http: httpx.Client,
        spool: Spool,
        accounts: Mapping[str, Mapping[str, str]],
        world: World,
        prefix: str,
        progress: Progress,
    ) -> None:
        self.http = http
        self.spool = spool
        self.accounts = accounts
        self.world = world
        self.prefix = prefix
        self.progress = progress

    def work(self) -> None:
        admin = Visitor(self.http, "admin")
        admin.log_in(self.accounts["admin"]["email"], self.accounts["admin"]["password"])
        bars = {
            name: self.progress.add_task(name, total=total)
            for name, total in (
                ("instructors", len(self.world.instructors)),
                ("courses", len(self.world.courses)),
                ("students", len(self.world.students)),
                ("learning", len(self.world.students)),
            )
        }
        categories = self._categories(admin)
        teachers = []
        for person in self.world.instructors:
            teachers.append(self._teacher(person, admin))
            self.progress.advance(bars["instructors"])
        courses = []
        for number, course in enumerate(self.world.courses):
            courses.append(self._course(number, course, teachers[course.instructor], categories))
            self.progress.advance(bars["courses"])
        learners = []
        for person, studying in self.world.students:
            learners.append((self._person(person), studying))
            self.progress.advance(bars["students"])

        def learn(pair: tuple[Visitor, tuple[Studying, ...]]) -> None:
            for study in pair[1]:
                self._study(pair[0], study, courses[study.course])
            self.progress.advance(bars["learning"])

        with ThreadPoolExecutor(LEARNING_AT_ONCE) as pool:
            for _ in pool.map(learn, learners):
                pass

    def _categories(self, admin: Visitor) -> dict[str, int]:
        known = {entry["name"]: int(entry["id"]) for entry in _every(admin, "/api/v1/categories")}
        for name in sorted({course.category for course in self.world.courses} - known.keys()):
            made = admin.ask("POST", "/api/v1/categories", json={"name": name}, expect=201)
            known[name] = int(made["id"])
        return known

    def _person(self, person: Person) -> Visitor:
        """Somebody with an account, signed in: registered and verified only if the login is refused."""
        visitor = Visitor(self.http, person.username)
        credentials = {"email": person.email, "password": person.password}
        answer = visitor.send("POST", "/api/v1/auth/login", json=credentials)
        if answer.status_code == 401:
            account = {**credentials, "username": person.username}
            names = {"first_name": person.first_name, "last_name": person.last_name}
            visitor.ask("POST", "/api/v1/auth/register", json=account | names, expect=201)
        if answer.status_code in (401, 403):
            token = self.spool.wait_for(person.email).token
            visitor.ask("POST", "/api/v1/auth/verify-email", json={"token": token})
            answer = visitor.send("POST", "/api/v1/auth/login", json=credentials)
        visitor.token = visitor.answer_of(answer)["access"]
        return visitor

    def _teacher(self, person: Person, admin: Visitor) -> Visitor:
        visitor = self._person(person)
        answer = visitor.send("GET", "/api/v1/instructors/me")
        if answer.status_code == 404:
            application = {
                "display_name": f"{person.first_name} {person.last_name}",
                "bio": f"{person.first_name} has taught for years and still likes questions best.",
            }
            profile = visitor.ask("POST", "/api/v1/instructors/apply", json=application, expect=201)
        else:
            profile = visitor.answer_of(answer)
        if profile["status"] == "pending":
            admin.ask("POST", f"/api/v1/instructors/{profile['id']}/approve")
        return visitor

    def _course(
        self, number: int, course: CoursePlan, teacher: Visitor, categories: Mapping[str, int]
    ) -> Made:
        """A published course: the one of that title that the teacher has, or a new one."""
        key = f"{self.prefix}-course-{number}"
        own = {card["title"]: card for card in _every(teacher, "/api/v1/courses?teaching=me")}
        made = own.get(course.title)
        if made is None:
            draft = {
                "title": course.title,
                "category_id": categories[course.category],
                "description": course.description,
                "level": course.level,
                "price": course.price,
            }
            made = teacher.ask("POST", "/api/v1/courses", json=draft, key=key, expect=201)
        if not made["is_published"]:
            self._outline(key, course, int(made["id"]), teacher)
            teacher.ask("POST", f"/api/v1/courses/{made['id']}/publish", key=f"{key}-publish")
        seen = teacher.ask("GET", f"/api/v1/courses/{made['id']}")
        lessons = tuple(int(lesson["id"]) for module in seen["modules"] for lesson in module["lessons"])
        return Made(int(made["id"]), course.price, lessons)

    def _outline(self, key: str, course: CoursePlan, course_id: int, teacher: Visitor) -> None:
        for place, (title, lessons) in enumerate(course.modules):
            module = teacher.ask(
                "POST",
                f"/api/v1/courses/{course_id}/modules",
                json={"title": title},
                key=f"{key}-{place}",
                expect=201,
            )
            for step, name in enumerate(lessons):
                content = (
                    f"# {name}\n\nRead this slowly, then try it.\n\n1. Look.\n2. Try.\n3. Tell somebody."
                )
                teacher.ask(
                    "POST",
                    f"/api/v1/modules/{module['id']}/lessons",
                    json={"title": name, "content": content, "duration_minutes": 5 + 5 * (step % 4)},
                    key=f"{key}-{place}-{step}",
                    expect=201,
                )

    def _study(self, learner: Visitor, study: Studying, course: Made) -> None:
        wanted: dict[str, Any] = {"course_id": course.id}
        if course.price != "0.00":
            wanted["payment"] = {"provider": "sandbox", "token": "tok_ok"}
        enrollment = learner.ask("POST", "/api/v1/enrollments", json=wanted, expect=(200, 201))
        path = f"/api/v1/enrollments/{enrollment['id']}/lessons"
        for lesson in course.lesson_ids[: study.completed]:
            learner.ask("POST", f"{path}/{lesson}/complete")
        for lesson in course.lesson_ids[study.completed : study.completed + 1]:
            learner.ask("PUT", f"{path}/{lesson}/progress", json={"progress_percentage": study.next_lesson})


def _every(visitor: Visitor, path: str) -> Iterator[dict[str, Any]]:
    """Every item of a list, page by page."""
    query = f"{path}{'&' if '?' in path else '?'}limit=100"
    page = visitor.ask("GET", query)
    yield from page["items"]
    while page["next_cursor"] is not None:
        page = visitor.ask("GET", f"{query}&cursor={quote(page['next_cursor'])}")
        yield from page["items"]
