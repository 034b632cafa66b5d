"""Programs that are killed, starved and cut off in the middle of their work, and what is left afterwards."""
