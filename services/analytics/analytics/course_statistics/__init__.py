"""Statistics of a course."""
