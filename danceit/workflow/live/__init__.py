"""Dancing live: `session` runs it, `feed` is what the page fetches, `recording` keeps it."""
