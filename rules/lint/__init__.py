"""What no line of a book shows by itself: rules nobody can earn by, limits nobody can reach, awards too large."""
