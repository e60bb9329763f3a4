"""Measure trackers of beats and bars on annotated songs.

references   songs with their annotated counts
bench        every tracker on every song; means by style with intervals
"""
