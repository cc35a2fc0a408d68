"""A course's students, for those who teach it."""
