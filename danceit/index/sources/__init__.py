"""Readers of dance recordings, one file a format."""
