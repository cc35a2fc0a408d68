"""Where in the tree a category may be."""

from catalog.categories.errors import CategoryCycle, CategoryTooDeep


def check_place(category_id: int | None, ancestors: list[int], *, height: int, max_depth: int) -> None:
    """Refuse a parent that is the category itself or below it, and one too deep down.

    `ancestors` is the new parent and everything above it; `height` how many levels the category brings with it,
    itself included. Raises CategoryCycle or CategoryTooDeep.
    """
    if category_id is not None and category_id in ancestors:
        raise CategoryCycle
    if len(ancestors) + height > max_depth:
        raise CategoryTooDeep(f"At most {max_depth} levels are kept.")
