"""How the pulse tracker's network was learned: from songs that are made here, no others.

sounds    instruments and drums, drawn at random
styles    who plays what in the dances and songs of the world, as patterns of a bar
songs     a song of a style, with its exact beats: structure, harmony, time, mix
mixing    room, equaliser, compression, noise
material  features and targets of many songs, made in the background
training  the network and its training (needs torch); writes the weights that are shipped
"""
