"""Course templates: a course to start from."""
