"""Social logins, against a real provider and a server with GitHub's shape."""
