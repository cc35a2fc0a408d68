"""What a learner does in a course: reports progress, completes lessons."""
