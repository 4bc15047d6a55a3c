"""The kiosk of a points supermarket: a terminal program for attendants."""
