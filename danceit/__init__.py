"""danceit: music-to-dance retrieval over a library of real movement."""

__version__ = "0.1.0"
