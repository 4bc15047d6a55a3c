"""The kiosk's own database: nothing is lost in a power cut or in a week without the network."""
