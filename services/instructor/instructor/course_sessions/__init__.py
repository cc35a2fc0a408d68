"""Course-creation sessions: a course in the making, resumable until it expires."""
