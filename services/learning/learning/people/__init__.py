"""What identity tells about people: names and subscriptions, kept by its events."""
