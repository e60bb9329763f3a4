"""A dance to a song that is still being played.

ahead       the windows to come, on beats that are expected
beam        which fragments go through them, from what has been danced
choosing    the candidates: what fits music like that of the bars before
timeline    what is going to be shown, aligned, and where it comes from
idle        what is shown while nothing is counted
performer   the whole of it: sound in, frames out

There are two clocks. *Stream* seconds are those of the sound. *Planned* seconds are those that
movement was laid out in when it was chosen, a bar or more before; where the beats come earlier
or later than was expected then, planned time is shown quicker or slower.
"""
