"""The words of what is published: what a search that finds nothing may have meant."""
