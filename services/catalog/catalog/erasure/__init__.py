"""Writing the tombstone over an erased person, in every table."""
