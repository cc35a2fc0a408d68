"""Bookmarks: what a learner wants to find again."""
