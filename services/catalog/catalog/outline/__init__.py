"""The outline: the modules of a course and the lessons in them."""
