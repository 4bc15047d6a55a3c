"""What a draft would have given for claims that are recorded."""
