"""From files to a checked book, or to all its problems with their places."""
