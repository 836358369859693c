"""naze (なぜ, "why"): why people prefer one model answer to another. The public names, nothing else."""
