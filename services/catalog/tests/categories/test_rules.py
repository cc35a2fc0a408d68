"""Where in the tree a category may be."""

import pytest
from catalog.categories.errors import CategoryCycle, CategoryTooDeep
from catalog.categories.rules import check_place


def test_a_category_may_stand_at_the_top_and_below_others():
    check_place(None, [], height=1, max_depth=3)
    check_place(5, [1, 2], height=1, max_depth=3)


@pytest.mark.parametrize("ancestors", [[5], [5, 1], [9, 5, 1]])
def test_a_category_is_never_below_itself(ancestors):
    with pytest.raises(CategoryCycle):
        check_place(5, ancestors, height=1, max_depth=10)


def test_what_hangs_on_a_category_counts_into_the_depth():
    check_place(5, [1], height=2, max_depth=3)
    with pytest.raises(CategoryTooDeep):
        check_place(5, [1], height=3, max_depth=3)
