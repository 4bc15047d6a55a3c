"""The till in a browser: the terminal's own program behind a web socket, for tablets. Only --serve imports it."""
