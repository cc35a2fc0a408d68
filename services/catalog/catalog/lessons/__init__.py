"""Lessons: edited by those who teach, read by everyone as far as their access goes."""
