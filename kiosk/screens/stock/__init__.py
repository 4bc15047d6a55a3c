"""Stock work: goods receipts, stocktakes, alerts."""
