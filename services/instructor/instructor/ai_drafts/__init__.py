"""AI drafts: a course written with the help of a language model."""
