"""The public side of accounts, kept by identity's events: names, and who was erased."""
