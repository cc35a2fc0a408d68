"""House rules as small lints. Each names the outage it prevents, and each is shown a line that breaks it."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FUNCTION = 60
LONGEST_FILE = 500

# What breaks a rule, and why it may: (rule, file). Whoever mends one takes it out.
EXCUSED = {
    ("short enough to read", "gateway/tests/test_proxy.py"): "every way an upstream misbehaves, side by side",
    (
        "short enough to read",
        "services/analytics/tests/analytics_story/simulator.py",
    ): "one history of one world; its actors share its clock and its dice",
}
# Shows what breaks the rules.
THIS_FILE = "tests/architecture/test_house_rules.py"

Finding = tuple[int, str]
"""A line and what is wrong there."""


@dataclass
class Source:
    """One Python file. `path` is relative to the repository, with slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def is_test(self) -> bool:
        """Tests, and the fixtures that packages ship for them."""
        return "/tests/" in f"/{self.path}" or self.name in ("conftest.py", "testing.py")

    @property
    def is_migration(self) -> bool:
        return "/migrations/versions/" in f"/{self.path}"


@dataclass(frozen=True)
class Rule:
    """`find` yields what breaks the rule in one file; `outage` is what it would cost."""

    name: str
    outage: str
    find: Callable[[Source], Iterator[Finding]]


# --- looking into syntax ------------------------------------------------------------------------------------


def dotted(node: ast.expr) -> str:
    """`httpx.AsyncClient` as it is written; empty for anything but names and dots."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        below = dotted(node.value)
        return f"{below}.{node.attr}" if below else f"?.{node.attr}"
    return ""


def origins(tree: ast.Module) -> dict[str, str]:
    """What the names a file imports really are: {"sleep": "time.sleep", "web": "aiohttp.web"}."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def calls(source: Source) -> Iterator[tuple[ast.Call, str]]:
    """Every call, with the full name of what is called."""
    tree = source.tree
    known = origins(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            first, dot, rest = dotted(node.func).partition(".")
            yield node, known.get(first, first) + dot + rest


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((given.value for given in call.keywords if given.arg == name), None)


def is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value in (None, "", 0))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def inside(function: ast.AST) -> Iterator[ast.AST]:
    """Everything in a function but what is in the functions in it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from inside(child)


def mentions(source: Source, *names: str) -> Iterator[Finding]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            given = [alias.name.rpartition(".")[2] for alias in node.names]
        elif isinstance(node, ast.Name):
            given = [node.id]
        elif isinstance(node, ast.Attribute):
            given = [node.attr]
        else:
            continue
        yield from ((node.lineno, name) for name in given if name in names)


# --- the rules ----------------------------------------------------------------------------------------------


def pure_asgi_middleware(source: Source) -> Iterator[Finding]:
    yield from mentions(source, "BaseHTTPMiddleware")
    for node in functions(source.tree):
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and dotted(decorator.func).endswith(".middleware"):
                yield node.lineno, "@app.middleware"


def no_background_tasks(source: Source) -> Iterator[Finding]:
    yield from mentions(source, "BackgroundTasks", "BackgroundTask")


def keyset_paging(source: Source) -> Iterator[Finding]:
    for call, name in calls(source):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "offset" and call.args:
            yield call.lineno, f"{name}(...)"
    for node in ast.walk(source.tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.search(r"\bOFFSET\s+[:$%{\d]", node.value)
        ):
            yield node.lineno, "SQL with OFFSET"


_CLIENTS = {"httpx.Client", "httpx.AsyncClient", "aiohttp.ClientSession"}
_REQUESTS = {
    f"{library}.{method}"
    for library in ("httpx", "requests")
    for method in ("get", "post", "put", "patch", "delete", "request", "stream", "head")
} | {"urllib.request.urlopen"}


def clients_have_deadlines(source: Source) -> Iterator[Finding]:
    if source.is_test:
        return
    for call, name in calls(source):
        if name in _CLIENTS | _REQUESTS and is_none(keyword(call, "timeout")):
            yield call.lineno, f"{name} without timeout="
        if (
            name == "aiohttp.ClientTimeout"
            and is_none(keyword(call, "total"))
            and is_none(keyword(call, "sock_read"))
        ):
            yield call.lineno, "aiohttp.ClientTimeout without total= or sock_read="


def queues_have_bounds(source: Source) -> Iterator[Finding]:
    if source.is_test:
        return
    queues = {"asyncio.Queue", "asyncio.LifoQueue", "asyncio.PriorityQueue", "queue.Queue", "queue.LifoQueue"}
    for call, name in calls(source):
        bound = call.args[0] if call.args else keyword(call, "maxsize")
        if name in queues and is_none(bound):
            yield call.lineno, f"{name} without a size"


def offsets_commit_after_the_work(source: Source) -> Iterator[Finding]:
    for call, name in calls(source):
        if name != "aiokafka.AIOKafkaConsumer" or is_none(keyword(call, "group_id")):
            continue
        automatic = keyword(call, "enable_auto_commit")
        if not (isinstance(automatic, ast.Constant) and automatic.value is False):
            yield call.lineno, "AIOKafkaConsumer with a group and without enable_auto_commit=False"


def nobody_sleeps_on_the_loop(source: Source) -> Iterator[Finding]:
    known = origins(source.tree)
    for function in functions(source.tree):
        if not isinstance(function, ast.AsyncFunctionDef):
            continue
        for node in inside(function):
            if isinstance(node, ast.Call):
                first, dot, rest = dotted(node.func).partition(".")
                if known.get(first, first) + dot + rest == "time.sleep":
                    yield node.lineno, f"time.sleep in async {function.name}"


def committed_before_the_answer(source: Source) -> Iterator[Finding]:
    generators = {
        function.name
        for function in functions(source.tree)
        if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in inside(function))
    }
    for call, name in calls(source):
        if name.rpartition(".")[2] not in ("Depends", "Security") or not call.args:
            continue
        scope = keyword(call, "scope")
        in_time = isinstance(scope, ast.Constant) and scope.value == "function"
        if isinstance(call.args[0], ast.Name) and call.args[0].id in generators and not in_time:
            yield call.lineno, f'Depends({call.args[0].id}) without scope="function"'


_VAGUE = re.compile(r"(utils?|helpers?|common|base|managers?|misc|shared|stuff)")


def names_say_what(source: Source) -> Iterator[Finding]:
    parts = source.path.removesuffix(".py").removesuffix("/__init__").split("/")
    yield from ((1, f"a module called {part}") for part in parts if _VAGUE.fullmatch(part))


def routes_do_not_query(source: Source) -> Iterator[Finding]:
    if source.name != "routes.py":
        return
    asking = {"select", "insert", "update", "delete", "text"}
    for call, name in calls(source):
        module, _, what = name.rpartition(".")
        asks_itself = what in asking and module.split(".")[0] == "sqlalchemy"
        if asks_itself or name in {
            f"session.{way}" for way in ("execute", "scalar", "scalars", "stream", "get")
        }:
            yield call.lineno, f"{name}(...)"


_BARE = {"pytest.mark.skip", "pytest.mark.xfail"}


def what_is_skipped_says_why(source: Source) -> Iterator[Finding]:
    tree = source.tree
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in called and dotted(node) in _BARE:
            yield node.lineno, f"{dotted(node)} without a reason"
    for call, name in calls(source):
        first = call.args[0] if call.args else None
        if name == "pytest.skip" and is_none(keyword(call, "reason") or first):
            yield call.lineno, "pytest.skip() without a reason"
        if name == "pytest.mark.skip" and is_none(keyword(call, "reason") or first):
            yield call.lineno, "pytest.mark.skip without a reason"
        if name in ("pytest.mark.skipif", "pytest.mark.xfail") and is_none(keyword(call, "reason")):
            yield call.lineno, f"{name} without a reason"


def short_enough_to_read(source: Source) -> Iterator[Finding]:
    if source.is_migration:
        return
    lines = source.text.count("\n")
    if lines > LONGEST_FILE:
        yield 1, f"{lines} lines, at most {LONGEST_FILE}"
    for function in functions(source.tree):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > LONGEST_FUNCTION:
            yield function.lineno, f"{function.name} has {length} lines, at most {LONGEST_FUNCTION}"


RULES = [
    Rule(
        "pure ASGI middleware",
        "BaseHTTPMiddleware runs the endpoint in another task: request id and trace are lost, a client that went "
        "away is not noticed, and streams are held back until they end",
        pure_asgi_middleware,
    ),
    Rule(
        "no background tasks",
        "a task behind the answer lives in one process's memory: a restart loses the mail or event that was "
        "promised with a 2xx; write it to the outbox in the same transaction",
        no_background_tasks,
    ),
    Rule(
        "keyset paging",
        "OFFSET reads and throws away every row before the page: page 5,000 takes the database down, and rows "
        "that come meanwhile are shown twice or never; use chassis.pagination.page",
        keyset_paging,
    ),
    Rule(
        "clients have deadlines",
        "one service that hangs takes every connection of those that wait for it without an end",
        clients_have_deadlines,
    ),
    Rule(
        "queues have bounds",
        "a queue without an end turns a slow reader into a process killed for its memory, with all that waited",
        queues_have_bounds,
    ),
    Rule(
        "offsets commit after the work",
        "aiokafka's auto-commit runs ahead of the handler: a crash skips events, and statistics are short for ever",
        offsets_commit_after_the_work,
    ),
    Rule(
        "nobody sleeps on the loop",
        "time.sleep stops every request of the process, its health check included",
        nobody_sleeps_on_the_loop,
    ),
    Rule(
        "committed before the answer",
        'FastAPI ends a yield dependency after the answer unless scope="function": a failed commit is then a 2xx '
        "that never happened",
        committed_before_the_answer,
    ),
    Rule(
        "names say what",
        "a module called utils is where nobody finds the code that is on fire, and everything imports it",
        names_say_what,
    ),
    Rule(
        "routes do not query",
        "a query in a route escapes the rules and permissions of its slice's service, and the next endpoint "
        "copies it without them",
        routes_do_not_query,
    ),
    Rule(
        "what is skipped says why",
        "a test skipped in silence is the one that would have caught it",
        what_is_skipped_says_why,
    ),
    Rule(
        "short enough to read",
        "what nobody can read in one go is changed by guessing; split it, or say in EXCUSED why it is one",
        short_enough_to_read,
    ),
]
BY_NAME = {rule.name: rule for rule in RULES}

BROKEN: dict[str, list[str | tuple[str, str]]] = {
    "pure ASGI middleware": [
        "from starlette.middleware.base import BaseHTTPMiddleware\n",
        "@app.middleware('http')\nasync def trace(request, call_next): ...\n",
    ],
    "no background tasks": [
        "from fastapi import BackgroundTasks\n",
        "import starlette.background\ntask = starlette.background.BackgroundTask(send)\n",
    ],
    "keyset paging": [
        "rows = select(Course).order_by(Course.id).offset(page * 20)\n",
        "rows = text('SELECT id FROM course ORDER BY id LIMIT 20 OFFSET :skip')\n",
    ],
    "clients have deadlines": [
        "import httpx\nclient = httpx.AsyncClient(base_url=url)\n",
        "import httpx\nclient = httpx.Client(timeout=None)\n",
        "from aiohttp import ClientSession\nsession = ClientSession()\n",
        "import aiohttp\npatience = aiohttp.ClientTimeout()\n",
        "import httpx\nanswer = httpx.get(url)\n",
        "from urllib.request import urlopen as ask\nanswer = ask(url)\n",
    ],
    "queues have bounds": [
        "import asyncio\nwaiting = asyncio.Queue()\n",
        "from queue import Queue\nwaiting = Queue(maxsize=0)\n",
    ],
    "offsets commit after the work": [
        "from aiokafka import AIOKafkaConsumer\nconsumer = AIOKafkaConsumer('t', group_id='g')\n",
        "import aiokafka\nconsumer = aiokafka.AIOKafkaConsumer('t', group_id='g', enable_auto_commit=True)\n",
    ],
    "nobody sleeps on the loop": [
        "import time\nasync def wait():\n    while True:\n        time.sleep(1)\n",
        "from time import sleep\nasync def wait():\n    sleep(1)\n",
    ],
    "committed before the answer": [
        "async def session():\n    yield made\nSession = Annotated[AsyncSession, Depends(session)]\n",
        "def session():\n    yield made\nasync def route(s=fastapi.Depends(session, scope='request')): ...\n",
    ],
    "names say what": [
        ("services/learning/learning/utils.py", ""),
        ("chassis/chassis/helpers/__init__.py", ""),
    ],
    "routes do not query": [
        ("services/learning/learning/notes/routes.py", "import sqlalchemy\nrows = sqlalchemy.select(Note)\n"),
        (
            "services/learning/learning/notes/routes.py",
            "from sqlalchemy import select\nrows = select(Note)\n",
        ),
        (
            "services/learning/learning/notes/routes.py",
            "async def read(session):\n    session.get(Note, 1)\n",
        ),
    ],
    "what is skipped says why": [
        "import pytest\ndef test_it():\n    pytest.skip()\n",
        "import pytest\n@pytest.mark.skip\ndef test_it(): ...\n",
        "import pytest\n@pytest.mark.skip()\ndef test_it(): ...\n",
        "import pytest\n@pytest.mark.xfail\ndef test_it(): ...\n",
        "import pytest\n@pytest.mark.xfail(strict=True)\ndef test_it(): ...\n",
        "import pytest\n@pytest.mark.skipif(True, reason='')\ndef test_it(): ...\n",
    ],
    "short enough to read": [
        "def long():\n" + "    work()\n" * LONGEST_FUNCTION,
        "work()\n" * (LONGEST_FILE + 1),
    ],
}

KEPT = {
    "pure ASGI middleware": "app.add_middleware(TraceMiddleware)\n",
    "no background tasks": "emit(session, CourseCompleted(course_id=1))\n",
    "keyset paging": "log.info('read', offset=record.offset)\nstart = topic.offset()\n",
    "clients have deadlines": "import httpx\nclient = httpx.AsyncClient(timeout=httpx.Timeout(3.0))\n",
    "queues have bounds": "import asyncio\nwaiting = asyncio.Queue(maxsize=500)\n",
    "offsets commit after the work": "from aiokafka import AIOKafkaConsumer\n"
    "consumer = AIOKafkaConsumer('t', group_id='g', enable_auto_commit=False)\nfollower = AIOKafkaConsumer('t')\n",
    "nobody sleeps on the loop": "import time\nasync def wait():\n    def in_a_thread():\n        time.sleep(1)\n"
    "    await asyncio.sleep(1)\n",
    "committed before the answer": "def session():\n    yield made\n"
    "Session = Annotated[AsyncSession, Depends(session, scope='function')]\n",
    "names say what": "",
    "routes do not query": "async def read(session):\n    return await service.read(session)\n",
    "what is skipped says why": "import pytest\npytest.skip('needs Java')\n"
    "@pytest.mark.xfail(reason='the broker forgets')\ndef test_it(): ...\n",
    "short enough to read": "def short():\n" + "    work()\n" * (LONGEST_FUNCTION - 1),
}


# --- the repository -----------------------------------------------------------------------------------------

_NOT_OURS = {".venv", ".git", ".cache", ".lyceum", "node_modules", "__pycache__", "scratch", "swagger-ui"}


def files(*suffixes: str) -> Iterator[Path]:
    """Our files, whatever tool has left its folders here."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if path.suffix not in suffixes or any(
            part in _NOT_OURS or part.endswith((".egg-info", "_cache")) or part == ".hypothesis"
            for part in parts
        ):
            continue
        if path.is_file():
            yield path


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    found = [Source(path.relative_to(ROOT).as_posix(), path.read_text()) for path in files(".py")]
    assert len(found) > 300, "the lints did not find the code"
    return found


def found_by(rule: Rule, sources: list[Source]) -> dict[str, list[Finding]]:
    """What the rule finds, by file."""
    looked_at = [
        source for source in sources if source.path != THIS_FILE or rule.name == "short enough to read"
    ]
    return {source.path: found for source in looked_at if (found := list(rule.find(source)))}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_house_keeps(rule: Rule, sources: list[Source]) -> None:
    found = found_by(rule, sources)
    excused = {path for name, path in EXCUSED if name == rule.name}
    broken = [
        f"  {path}:{line}  {what}"
        for path, findings in found.items()
        if path not in excused
        for line, what in findings
    ]
    assert not broken, "\n".join([f"{rule.name}: {rule.outage}.", *broken])
    assert excused <= set(found), "an excuse that is needed no more: take it out"


@pytest.mark.parametrize(
    ("name", "broken"),
    [(name, broken) for name, examples in BROKEN.items() for broken in examples],
    ids=lambda given: given if isinstance(given, str) and "\n" not in given else "",
)
def test_a_rule_sees_what_breaks_it(name: str, broken: str | tuple[str, str]) -> None:
    path, text = ("chassis/chassis/new.py", broken) if isinstance(broken, str) else broken
    assert list(BY_NAME[name].find(Source(path, text)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_lets_good_code_be(rule: Rule) -> None:
    path = "services/learning/learning/notes/routes.py"
    assert list(rule.find(Source(path, KEPT[rule.name]))) == []
