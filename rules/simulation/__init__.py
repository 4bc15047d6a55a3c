"""Simulates a draft: what it would have given for recorded claims."""
