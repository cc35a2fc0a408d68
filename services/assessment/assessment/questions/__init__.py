"""Questions and the answers to choose from."""
