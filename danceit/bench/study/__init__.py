"""Asking people: `trials` sets up blind pairs, `polling` shows them, `ballots` counts."""
