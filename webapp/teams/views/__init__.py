"""Pages of WHO: projects, teams, tokens."""
