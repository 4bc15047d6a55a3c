"""From files to a checked book, or to every mistake with its place."""
