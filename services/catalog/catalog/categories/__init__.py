"""Categories: the tree in which courses are filed."""
