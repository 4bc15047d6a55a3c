"""Make backups, prove them, restore from them, and say when: `api/platform/backup` has the files."""
