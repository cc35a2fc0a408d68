"""Profile pictures: taken, made over, shown to everybody, and taken out of the storage again."""
