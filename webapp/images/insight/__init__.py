"""What a build shows beyond its own numbers: its layers, what made it slower, how it differs from another."""
