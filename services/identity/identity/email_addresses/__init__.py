"""E-mail addresses: several per account, one primary, each confirmed by its key."""
