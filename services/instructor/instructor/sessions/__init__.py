"""Sessions: where an instructor is signed in, and what looked odd."""
