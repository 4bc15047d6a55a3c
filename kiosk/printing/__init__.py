"""Receipts on paper: slips laid out in columns, and the printers they are sent to.

That a slip was sent doesn't say that it was printed, and nothing here claims it.
"""
