"""Promises of goods out of stock: making, collecting and cancelling them."""
