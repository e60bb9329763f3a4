"""From a folder of dances to a searchable store of pose fragments."""
