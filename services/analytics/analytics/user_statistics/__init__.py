"""Statistics of a user."""
