"""Statistics of an instructor, and their history."""
