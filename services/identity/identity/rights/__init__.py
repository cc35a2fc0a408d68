"""Rights: the groups and permissions of the staff."""
