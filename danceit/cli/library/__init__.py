"""Commands under `danceit index` that look at a library (`inspect`) or move it (`migrate`)."""
