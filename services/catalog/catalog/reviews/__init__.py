"""Reviews: what learners say about a course."""
