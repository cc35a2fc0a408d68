"""Notes: what a learner writes beside a lesson."""
