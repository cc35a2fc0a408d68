"""Password resets: the way back in for who forgot."""
