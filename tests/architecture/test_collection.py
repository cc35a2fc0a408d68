"""Every process that runs tests collects the same ones, whenever it does.

pytest-xdist refuses to run when two processes name their cases differently: a table of cases that reads the clock
or draws lots stops the whole suite, but only when a second ends between two collections.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("tests", "bench", "chassis", "contracts", "gateway", "services", "deploy")
_DIFFERENT_EACH_TIME = {
    "time", "time_ns", "monotonic", "perf_counter", "now", "utcnow", "today", "uuid1", "uuid4", "uuid7",
    "token_hex", "token_urlsafe", "token_bytes", "urandom", "random", "randint", "choice", "sample",
}  # fmt: skip


def changing(text: str) -> Iterator[tuple[int, str]]:
    """Where tables of cases depend on the clock or on chance, by themselves or by a constant of their file."""
    tree = ast.parse(text)
    constants = {
        target.id: statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "parametrize":
            for given in [*call.args, *(each.value for each in call.keywords)]:
                yield from _changing_calls(given, constants, set())


def _changing_calls(
    table: ast.AST, constants: dict[str, ast.expr], seen: set[str]
) -> Iterator[tuple[int, str]]:
    inside_lambdas = {
        id(inner) for node in ast.walk(table) if isinstance(node, ast.Lambda) for inner in ast.walk(node)
    }
    for node in ast.walk(table):
        if id(node) in inside_lambdas:
            continue
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in _DIFFERENT_EACH_TIME:
                yield node.lineno, f"{name}()"
        elif isinstance(node, ast.Name) and node.id in constants and node.id not in seen:
            yield from _changing_calls(constants[node.id], constants, seen | {node.id})


def test_tables_of_cases_are_the_same_in_every_process() -> None:
    tests = [path for folder in FOLDERS for path in (ROOT / folder).rglob("test_*.py")]
    assert len(tests) > 200, "the tests were not found"
    found = [
        f"{path.relative_to(ROOT)}:{line}  {what}"
        for path in tests
        if "node_modules" not in path.parts
        for line, what in changing(path.read_text())
    ]
    assert not found, "\n".join(["a table of cases that each process fills with other values:", *found])


@pytest.mark.parametrize(
    "table",
    [
        "@pytest.mark.parametrize('exp', [int(time.time()) - 120])\ndef test(exp): ...",
        "AT = now()\nLATER = AT + HOUR\n@pytest.mark.parametrize('at', [LATER])\ndef test(at): ...",
        "@pytest.mark.parametrize('id', [1], ids=[str(uuid4())])\ndef test(id): ...",
    ],
)
def test_it_sees_a_table_that_changes(table: str) -> None:
    assert list(changing(table))


@pytest.mark.parametrize(
    "table",
    [
        "@pytest.mark.parametrize('exp', [timedelta(minutes=-2)])\ndef test(exp):\n    time.time()",
        "@pytest.mark.parametrize('make', [lambda: uuid4()])\ndef test(make): ...",
    ],
)
def test_it_lets_good_tables_be(table: str) -> None:
    assert list(changing(table)) == []
