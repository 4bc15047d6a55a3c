"""Areas of the screen, each drawn from the session and nothing else."""
