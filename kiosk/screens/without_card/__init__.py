"""A household without its card: found, identified by a PIN or another attendant's word, or its card frozen."""
