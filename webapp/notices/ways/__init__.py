"""The ways out, one file each: what is sent for a notice, and how it went."""
