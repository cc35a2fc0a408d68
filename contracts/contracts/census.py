"""Who emits which event and who listens to it, read from the sources of the services and the gateway.

Read, not imported: a service's imports belong to the service, and two of them never share an interpreter.
An event counts as emitted where production code constructs it, and as listened to where `SUBSCRIPTIONS` of a
`subscriptions.py` has it among its keys (literally, by `**` or `|`, or by a comprehension over a tuple of
events, also one imported from the same package).
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contracts.envelope import Event
from contracts.registry import EVENTS

REPOSITORY: Final = Path(__file__).parents[2]

_BY_CLASS: Final[Mapping[tuple[str, str], type[Event]]] = {
    (event.__module__, event.__name__): event for event in EVENTS
}
_ALL: Final = ("contracts.registry", "EVENTS")


class UnreadableSubscriptions(Exception):
    """A `subscriptions.py` in which the census finds no `SUBSCRIPTIONS`: its events would look unread."""


@dataclass(frozen=True)
class Census:
    """The services (and the gateway) by event."""

    emitters: dict[type[Event], set[str]] = field(default_factory=lambda: {event: set() for event in EVENTS})
    listeners: dict[type[Event], set[str]] = field(default_factory=lambda: {event: set() for event in EVENTS})


def publishers(event: type[Event]) -> frozenset[str] | None:
    """The services that may emit an event: the one its context is named after; None for any."""
    context = event.topic.removesuffix(".events")
    if context == "platform":
        return None
    # The platform's clock lives in analytics.
    return frozenset({"analytics" if context == "schedule" else context})


def take(repository: Path = REPOSITORY) -> Census:
    """Read every package under services/ and the gateway's."""
    census = Census()
    for package in _packages(repository):
        modules = {path: _Module.read(path, package) for path in sorted(package.rglob("*.py"))}
        for module in modules.values():
            for event in module.constructed():
                census.emitters[event].add(package.name)
        subscriptions = modules.get(package / "subscriptions.py")
        if subscriptions is not None:
            for event in _Keys(package, modules).of(subscriptions, "SUBSCRIPTIONS"):
                census.listeners[event].add(package.name)
    return census


def _packages(repository: Path) -> Iterator[Path]:
    for project in (*sorted((repository / "services").glob("*")), repository / "gateway"):
        if (project / project.name).is_dir():
            yield project / project.name


@dataclass(frozen=True)
class _Module:
    path: Path
    tree: ast.Module
    imported: dict[str, tuple[str, str | None]]
    """Local name to (module, name in it); the name is None where the module itself was imported."""

    @classmethod
    def read(cls, path: Path, package: Path) -> "_Module":
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        within = (package.name, *path.relative_to(package).parent.parts)
        imported: dict[str, tuple[str, str | None]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                base = within[: len(within) - node.level + 1] if node.level else ()
                module = ".".join((*base, *filter(None, [node.module])))
                for alias in node.names:
                    imported[alias.asname or alias.name] = (module, alias.name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    imported[alias.asname or alias.name] = (alias.name, None)
        return cls(path, tree, imported)

    def origin(self, node: ast.expr) -> tuple[str, str] | None:
        """The (module, name) that an expression such as `LessonCompleted` or `learning.LessonCompleted` means."""
        dotted = ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""
        head, _, last = dotted.rpartition(".")
        if not head:
            module, name = self.imported.get(dotted, ("", None))
            return (module, name) if name is not None else None
        module, name = self.imported.get(head, ("", None))
        return (f"{module}.{name}" if name is not None else module, last) if module else None

    def event(self, node: ast.expr) -> type[Event] | None:
        origin = self.origin(node)
        return _BY_CLASS.get(origin) if origin is not None else None

    def constructed(self) -> Iterator[type[Event]]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and (event := self.event(node.func)) is not None:
                yield event

    def assigned(self, name: str) -> ast.expr | None:
        """What a module-level name is bound to."""
        for statement in self.tree.body:
            targets: list[ast.expr] = []
            if isinstance(statement, ast.Assign):
                targets = statement.targets
            elif isinstance(statement, ast.AnnAssign):
                targets = [statement.target]
            else:
                continue
            if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                return statement.value
        return None


@dataclass(frozen=True)
class _Keys:
    """Follows the expression of a mapping to the events that are its keys."""

    package: Path
    modules: Mapping[Path, _Module]

    def of(self, module: _Module, name: str) -> set[type[Event]]:
        value = module.assigned(name)
        if value is None:
            raise UnreadableSubscriptions(f"{module.path} binds no {name} at its top level")
        return self._in(module, value, frozenset({(module.path, name)}))

    def _in(self, module: _Module, node: ast.expr, seen: frozenset[tuple[Path, str]]) -> set[type[Event]]:
        if isinstance(node, ast.Name | ast.Attribute):
            return self._named(module, node, seen)
        parts: list[ast.expr]
        if isinstance(node, ast.Dict):
            # A key of None is `**spread`. Values are handlers: an event named there is not a subscription.
            parts = [value if key is None else key for key, value in zip(node.keys, node.values, strict=True)]
        elif isinstance(node, ast.DictComp):
            parts = [node.key, *(generator.iter for generator in node.generators)]
        else:
            parts = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        return set().union(*(self._in(module, part, seen) for part in parts))

    def _named(
        self, module: _Module, node: ast.Name | ast.Attribute, seen: frozenset[tuple[Path, str]]
    ) -> set[type[Event]]:
        if (event := module.event(node)) is not None:
            return {event}
        origin = module.origin(node)
        if origin == _ALL:
            return set(EVENTS)
        if origin is None:
            source, name = module, node.id if isinstance(node, ast.Name) else ""
        else:
            found, name = self._module(origin[0]), origin[1]
            if found is None:
                return set()
            source = found
        if (source.path, name) in seen:
            return set()
        seen |= {(source.path, name)}
        value = source.assigned(name)
        if value is not None:
            return self._in(source, value, seen)
        # Imported there from elsewhere: a package's __init__ that hands a name on.
        passed_on = source is not module and name in source.imported
        return self._named(source, ast.Name(name), seen) if passed_on else set()

    def _module(self, dotted: str) -> _Module | None:
        head, *rest = dotted.split(".")
        if head != self.package.name:
            return None
        folder = self.package.joinpath(*rest)
        return self.modules.get(folder.with_suffix(".py")) or self.modules.get(folder / "__init__.py")
