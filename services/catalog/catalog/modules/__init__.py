"""The modules of a course, as those who teach it edit them and others list them."""
