"""Co-teaching: who teaches a course with which rights and share."""
