"""Files in the storage: none outlives the row that names it, and no row names one that is not there."""
