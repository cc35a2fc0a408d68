"""Resources: the files and links that go with a lesson."""
