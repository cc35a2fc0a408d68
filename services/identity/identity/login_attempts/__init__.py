"""Login attempts: every one on record, and the lockout that follows from wrong ones."""
