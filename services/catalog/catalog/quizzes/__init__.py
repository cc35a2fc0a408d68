"""What an assessment changes here: the mark on its lesson, and what was told of the course."""
