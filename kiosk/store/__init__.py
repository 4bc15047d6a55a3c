"""What a kiosk keeps on its own disk, so that neither a power cut nor a week without network loses anything."""
