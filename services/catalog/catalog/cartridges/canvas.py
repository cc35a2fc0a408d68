"""What Canvas says of its modules beside the specification: which of them, and of their items, learners do not see."""

from dataclasses import dataclass

from catalog.cartridges import trees
from catalog.cartridges.trees import Element
from catalog.transfer.archives import Archive

NAME = "course_settings/module_meta.xml"
_SEEN = frozenset({"", "active", "published"})


@dataclass(frozen=True, slots=True)
class Settings:
    """Modules and items by their identifiers in the manifest; `conditions` counts what a module asks for first."""

    hidden_modules: frozenset[str] = frozenset()
    hidden_items: frozenset[str] = frozenset()
    conditions: int = 0


def read(archive: Archive) -> Settings:
    """The settings; none where there are none that can be read, for no cartridge needs them."""
    name = archive.find(NAME)
    if name is None or archive.size_of(name) > min(trees.MAX_BYTES, archive.limits.document_bytes):
        return Settings()
    try:
        root = trees.parse(archive.read(name))
    except trees.Unreadable:
        return Settings()
    modules = list(root.all("module"))
    items = [item for module in modules for group in module.all("items") for item in group.all("item")]
    asked = ("prerequisite", "completionRequirement")
    return Settings(
        hidden_modules=_hidden(modules),
        hidden_items=_hidden(items),
        conditions=sum(1 for module in modules for each in module.walk() if each.name in asked),
    )


def _hidden(elements: list[Element]) -> frozenset[str]:
    states = ((each.attributes.get("identifier", ""), each.first("workflow_state")) for each in elements)
    return frozenset(key for key, state in states if state is not None and state.text not in _SEEN)
