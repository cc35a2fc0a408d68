"""Previews: a course, whole, for whoever was given its link."""
