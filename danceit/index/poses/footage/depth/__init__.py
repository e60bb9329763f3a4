"""Depth from one camera: what the picture leaves open, solved over a whole shot.

From one camera the picture is what is known (a `sighting`): each joint lies on the ray from the
lens through its place in the picture. What is solved for (`solving`) is how far along, by least
squares over all frames of a shot at once (`equations`, in `rows` of a sparse system):

- bones keep one length: that on which the picture and the estimator agree best (`rods`);
- a bone leans towards the camera or away from it as the estimator says, by about as much; how
  closely it is followed depends on how far off it is where the picture leaves one answer;
- depth and distance change smoothly;
- the lower foot stands on one floor (`camera`).

A picture is off by a centimetre itself, and by three where a joint is hidden, as the estimator's
confidence tells. A bone that lies across the line of sight is held less for it: the little that
it is seen too short would turn it far. What is left in the end is taken out by moving joints in the
picture too, those that are hidden most (`holding`).

That is too much to ask of somebody who is folded up or on the hands: joints are hidden there, the
picture is often wrong, and what bones of one length make of it is worse than what the estimator
told. So where nobody stands its own depth is followed closely, and bones are held less.

The floor is seen from a camera that may look down. Its pitch is taken from the feet where
the dancer comes and goes, and else from the dancer, who stands upright on the whole, or has the
weight over the feet: an estimator's lean, of trunk and of legs, is for the most part taken off. In
a leap, when the trunk falls as all things fall and both feet leave the ground, there is no floor.
The shot is turned by the pitch, as one, about the camera: y points down and the floor is level, and
seen from the camera that filmed it the dancer is where the picture has them. A shot has one camera,
one floor and one body: who leaves the picture and comes back stands where they stood.

Axes: x right, y down, z away; metres.
"""
