"""Who people are, as identity published it."""
