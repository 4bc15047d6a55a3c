"""Receipts and reports on paper: layout, and the printers they are sent to.

Printers don't answer: that a slip was sent doesn't say that it was printed.
"""
