"""The kiosk in a browser, for tablets: the terminal program behind a web socket. Imported by `--serve` alone."""
