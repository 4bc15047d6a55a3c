"""The till of a points supermarket: a terminal program for attendants with cold fingers."""
