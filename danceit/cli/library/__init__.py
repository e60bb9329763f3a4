"""Under `danceit index`: what looks at a library (`inspect`, `gaps`) or moves it (`migrate`)."""
