"""Encoders, training, search, continuity: from a song and an index to a dance."""
