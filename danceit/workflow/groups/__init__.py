"""Groups over files: `grouping` asks an index and writes a dance file for each dancer."""
