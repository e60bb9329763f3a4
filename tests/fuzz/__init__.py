"""Damaged inputs by the thousand: read, or refused by one line, in little memory and time."""
