"""Chinese texts about books and evaluations, for the people they concern."""
