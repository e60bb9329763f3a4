"""Counts of a song: beats, bars and sections that a dancer would agree with.

counting     a song's counts: the person's file or a tracker, corrections, sections
registry     trackers by name (plug-in group ``danceit.counts``)
tracked      what a tracker gives
pulse        our own: a bar pointer over what is heard
heard        its features: bands, rises, changes of chord and bass
activation   how much a frame sounds like a beat, and like a 1: a small network (weights/)
learning     how that network was learned, from songs made here
levels       the tempo that a song keeps, and which of its levels is counted
bar_pointer  the beats and bars that fit best, by Viterbi
librosa      Ellis 2007 on our onsets
madmom       recurrent networks and a bar pointer (extra ``madmom``)
beat_this    a transformer (package ``beat_this``)
file         files of counts that lie beside a song, which always win
corrections  what a person put right, kept beside the song
bars         where the 1 is, from accents, for beats whose bars are not known
sections     parts of a song that sound alike
colour       pitch classes and timbre, by which bars and sections are told apart
clicks       counts as something to listen to
"""
