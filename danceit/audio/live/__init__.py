"""A song counted while it is heard, and nothing of it known that has not been heard yet.

following    beats and bars so far, and those that are to be expected
streams      where the sound comes from: a file played, a pipe, a microphone

Times are seconds of the stream, 0 at its first sample; sound is mono at `danceit.audio.RATE`.
"""
