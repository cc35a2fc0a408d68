"""What catalog published, kept by its events: the courses and lessons that learning counts over."""
