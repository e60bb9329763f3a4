"""A song counted while it is heard, and nothing of it known that has not been heard yet.

following    beats and bars so far, and those that are to be expected
deciding     which level of a song is counted, decided anew while it is heard
streams      where the sound comes from: a file played, a pipe, a microphone

Times are seconds of the stream, 0 at its first sample; sound is mono at `danceit.audio.RATE`.
"""
