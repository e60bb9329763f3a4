"""Search by movement over files: `searching` reads what is looked for and asks an index, `sheet` draws."""
