"""Books and outcomes in Chinese, for those they concern."""
