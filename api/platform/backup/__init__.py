"""Backups: how they are kept, encrypted, written and read; what they prove is up to `api/bookkeeping/backup`."""
