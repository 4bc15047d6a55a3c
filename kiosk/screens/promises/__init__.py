"""Goods that are out of stock, kept for a household: asking for them, handing them over, letting go of them."""
