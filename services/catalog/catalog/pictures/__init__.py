"""Pictures: of courses and of those who say something of the platform; taken, made over, shown to everybody."""
