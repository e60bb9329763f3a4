"""Search by movement over files: `searching` reads what is meant and asks, `sheet` draws."""
