"""Who may author and who teaches with whom, kept by the events of instructor."""
