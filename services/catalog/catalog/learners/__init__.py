"""What the enrollments of learners change here: the courses' counters, and which reviews are verified."""
