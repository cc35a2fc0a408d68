"""Progress: how far a learner is, by lesson and by course."""
