"""Publishing: a course goes into the catalogue and out of it, and others are told its outline."""
