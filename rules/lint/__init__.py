"""Finds problems that no single line of a book shows: rules nobody can earn by, limits nobody can reach, awards
that are too large."""
