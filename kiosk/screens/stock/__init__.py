"""Keeping the shelf at the till: counting what arrives and what is there, and what to look after."""
