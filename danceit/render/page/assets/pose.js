// A dance as the page holds it: joints by frame, a camera's path, and what shows when.

const MISSING = -32768;
const JOINTS = 18;
// Numbers a point of the camera's path: x, y, z, both focal lengths, the floor.
const CAMERA = 6;

function unpacked(text, Type) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return new Type(bytes.buffer);
}

class Dance {
  constructor(data) {
    Object.assign(this, data);
    this.joints = unpacked(data.joints, Int16Array);
    this.path = unpacked(data.camera, Float32Array);
    this.movement = unpacked(data.movement, Uint8Array);
    this.sourceS = unpacked(data.source_s, Float32Array);
    this.seamSet = new Set(data.seams);
    this.points = new Float32Array(JOINTS * 3);
    this.view = { x: 0, y: 0, z: 0, wide: 1, tall: 1, floor: 0 };
  }

  get seconds() {
    return this.frames / this.fps;
  }

  // The frame at a moment, with its fraction; the first and the last are held.
  frameAt(seconds) {
    return Math.min(Math.max(seconds * this.fps, 0), this.frames - 1);
  }

  coordinate(frame, joint, axis) {
    if (axis >= this.dims) return 0;
    const value = this.joints[(frame * JOINTS + joint) * this.dims + axis];
    return value === MISSING ? NaN : value / this.scale;
  }

  // Joints at a frame with a fraction, as 18 times x, y, z: a curve through the frames
  // around (Catmull-Rom), and across a seam a straight line, as in the videos.
  pose(position) {
    const before = Math.floor(position + 1e-6);
    const share = Math.max(0, position - before);
    const after = Math.min(before + 1, this.frames - 1);
    const curved = share > 1e-5 && !this.seamSet.has(after);
    const first = this.seamSet.has(before) || before === 0 ? before : before - 1;
    const last = this.seamSet.has(after + 1) || after + 1 >= this.frames ? after : after + 1;
    for (let joint = 0; joint < JOINTS; joint += 1) {
      for (let axis = 0; axis < 3; axis += 1) {
        const a = this.coordinate(before, joint, axis);
        const at = joint * 3 + axis;
        if (share <= 1e-5) {
          this.points[at] = a;
          continue;
        }
        const b = this.coordinate(after, joint, axis);
        let value = a + share * (b - a);
        if (curved) {
          const slopeA = (b - this.coordinate(first, joint, axis)) / Math.max(after - first, 1);
          const slopeB = (this.coordinate(last, joint, axis) - a) / Math.max(last - before, 1);
          const rest = 1 - share;
          const bend = share * rest * (rest * (slopeA - (b - a)) - share * (slopeB - (b - a)));
          if (Number.isFinite(bend)) value += bend;
        }
        this.points[at] = value;
      }
    }
    return this.points;
  }

  // Where the camera looks at a frame with a fraction.
  cameraAt(position) {
    const rows = this.path.length / CAMERA;
    const at = Math.min(position / this.camera_step, rows - 1);
    const before = Math.min(Math.floor(at), rows - 1);
    const after = Math.min(before + 1, rows - 1);
    const share = at - before;
    const value = (k) => this.path[before * CAMERA + k] * (1 - share) + this.path[after * CAMERA + k] * share;
    const view = this.view;
    ([view.x, view.y, view.z, view.wide, view.tall, view.floor] = [0, 1, 2, 3, 4, 5].map(value));
    return view;
  }

  // Index into `segments` of the stretch on show at a frame.
  segmentAt(position) {
    let low = 0;
    let high = this.segments.length - 1;
    const frame = Math.floor(position + 1e-6);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.segments[middle][0] <= frame) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  fragmentOf(segment) {
    return this.fragments[this.segments[segment][2]];
  }
}

function css(colour, alpha = 1) {
  return `rgb(${Math.round(colour[0])} ${Math.round(colour[1])} ${Math.round(colour[2])} / ${alpha})`;
}

function mixed(colour, other, share) {
  return colour.map((value, i) => value + (other[i] - value) * share);
}

function clock(seconds, digits = 1) {
  const safe = Math.max(0, seconds);
  // Rounded before it is split, or 59.96 would be written 0:60.0.
  const rounded = Math.round(safe * 10 ** digits) / 10 ** digits;
  const minutes = Math.floor(rounded / 60);
  const rest = (rounded - 60 * minutes).toFixed(digits);
  return `${minutes}:${rest.padStart(digits ? digits + 3 : 2, "0")}`;
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
