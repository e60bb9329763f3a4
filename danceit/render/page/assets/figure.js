// Draws a dancer and the floor on a canvas, by the measures of danceit/render/figure.py.
// World axes: x right, y down, z away; a dance without depth is seen head-on.

class Painter {
  constructor(canvas, figure, theme) {
    this.canvas = canvas;
    this.figure = figure;
    this.theme = theme;
    this.context = canvas.getContext("2d", { alpha: false });
    this.xy = new Float32Array((JOINTS + 1) * 2);
    this.scale = new Float32Array(JOINTS + 1);
    this.away = new Float32Array(JOINTS + 1);
    // Where each dancer's joints were drawn last.
    this.seen = [];
    this.yaw = 0;
    this.pitch = figure.pitch_rad;
    this.zoom = 1;
    this.mirror = false;
    this.shade = mixed(theme.sky, theme.ground, 0.5);
    this.outline = css(mixed(theme.sky, theme.ground, 0.4));
    this.resize();
  }

  // Match the canvas to its place on the page; true where its size changed.
  resize() {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    // One that is on no page keeps the size it was made with.
    const onPage = this.canvas.isConnected;
    const width = onPage ? Math.max(2, Math.round(this.canvas.clientWidth * ratio)) : this.canvas.width;
    const height = onPage ? Math.max(2, Math.round(this.canvas.clientHeight * ratio)) : this.canvas.height;
    if (width === this.canvas.width && height === this.canvas.height && this.backdrop) return false;
    this.canvas.width = width;
    this.canvas.height = height;
    this.backdrop = this.#backdrop(width, height);
    this.light = this.#spot(this.theme.glow);
    this.dark = this.#spot([0, 0, 0]);
    return true;
  }

  draw(dance, position, beat) {
    this.drawAll([dance], [position], beat);
  }

  // Dancers on one stage, seen by the camera of the first; who is nearer hides who is behind.
  drawAll(dances, positions, beat) {
    this.view = dances[0].cameraAt(positions[0]);
    this.flat = dances.every(({ dims }) => dims === 2);
    const { context, theme } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.backdrop, 0, 0);
    if (this.mirror) context.setTransform(-1, 0, 0, 1, this.canvas.width, 0);
    this.#turn();
    const bodies = dances.map((dance, i) => ({ i, points: dance.pose(positions[i]) }));
    if (theme.scenery) {
      const tilt = this.#floor(beat);
      for (const { points } of bodies) this.#shadow(points, tilt);
    }
    if (bodies.length > 1) {
      for (const body of bodies) body.behind = this.#behind(body.points);
      bodies.sort((one, other) => other.behind - one.behind || one.i - other.i);
    }
    for (const { i, points } of bodies) {
      for (let joint = 0; joint < JOINTS; joint += 1) {
        this.#project(joint, points[joint * 3], points[joint * 3 + 1], points[joint * 3 + 2]);
      }
      if (theme.scenery) this.#body(points);
      else this.#sticks();
      this.seen[i] = this.xy.slice();
    }
  }

  // How far behind the middle of the stage a dancer's hips are.
  #behind(points) {
    const middle = (axis) => (points[8 * 3 + axis] + points[11 * 3 + axis]) / 2;
    const away = this.sinYaw * (middle(0) - this.view.x) + this.cosYaw * (middle(2) - this.view.z);
    return Number.isFinite(away) ? away : 0;
  }

  #turn() {
    const pitch = this.flat ? 0 : this.pitch;
    this.sinYaw = Math.sin(this.flat ? 0 : this.yaw);
    this.cosYaw = Math.cos(this.flat ? 0 : this.yaw);
    this.sinPitch = Math.sin(pitch);
    this.cosPitch = Math.cos(pitch);
    const { width, height } = this.canvas;
    this.focal = Math.min(this.view.wide * width, this.view.tall * height) * this.zoom;
  }

  #project(slot, x, y, z) {
    const right = x - this.view.x;
    const deep = z - this.view.z;
    const across = this.cosYaw * right - this.sinYaw * deep;
    const behind = this.sinYaw * right + this.cosYaw * deep;
    const below = y - this.view.y;
    const down = this.cosPitch * below - this.sinPitch * behind;
    const away = this.sinPitch * below + this.cosPitch * behind + this.figure.distance;
    const scale = this.focal / Math.max(away, this.figure.distance / 10);
    this.xy[slot * 2] = this.canvas.width / 2 + scale * across;
    this.xy[slot * 2 + 1] = this.canvas.height / 2 + scale * down;
    this.scale[slot] = scale;
    this.away[slot] = away;
  }

  // Where a point of the floor is seen; a head-on floor is tilted, or it would be a line.
  #onFloor(x, z) {
    const right = x - this.view.x;
    const deep = z - this.view.z;
    const across = this.cosYaw * right - this.sinYaw * deep;
    const behind = this.sinYaw * right + this.cosYaw * deep;
    const below = this.view.floor - this.view.y;
    const away = this.sinPitch * below + this.cosPitch * behind + this.figure.distance;
    const scale = this.focal / Math.max(away, this.figure.distance / 10);
    const tilt = this.flat ? Math.sin(this.figure.pitch_rad) : this.sinPitch;
    return [
      this.canvas.width / 2 + scale * across,
      this.canvas.height / 2 + scale * (this.cosPitch * below - tilt * behind),
      scale,
    ];
  }

  // Draw what is on the floor; returns how flat circles on it look.
  #floor(beat) {
    const { context, theme, figure, view } = this;
    const [x, y, scale] = this.#onFloor(view.x, view.z);
    const radius = 150 * scale;
    const tilt = Math.max(0.16, this.flat ? 0.2 : this.sinPitch * 1.3);
    context.drawImage(this.light, x - 3 * radius, y - 3 * radius * tilt, 6 * radius, 6 * radius * tilt);
    const reach = Math.ceil(figure.grid_reach / figure.grid_px);
    const column = Math.round(view.x / figure.grid_px);
    const row = Math.round(view.z / figure.grid_px);
    for (let i = -reach; i <= reach; i += 1) {
      for (let j = -reach; j <= reach; j += 1) {
        const px = (column + i) * figure.grid_px;
        const pz = (row + j) * figure.grid_px;
        const fade = 1 - Math.hypot(px - view.x, pz - view.z) / figure.grid_reach;
        if (fade <= 0) continue;
        const [dx, dy, size] = this.#onFloor(px, pz);
        const dot = Math.max(1, 2.4 * size);
        context.fillStyle = css(theme.ink, 0.5 * fade ** 1.3);
        context.fillRect(dx - dot / 2, dy - dot / 2, dot, dot);
      }
    }
    if (beat > 0.04) {
      context.strokeStyle = css(theme.accent, 0.7 * beat);
      context.lineWidth = Math.max(1, 4 * beat * scale);
      context.beginPath();
      context.ellipse(x, y, radius * (0.95 - 0.3 * beat), radius * tilt * (0.95 - 0.3 * beat), 0, 0, 7);
      context.stroke();
    }
    return tilt;
  }

  #shadow(points, tilt) {
    const { context, dark } = this;
    const shadow = (x, z, radius, strength) => {
      if (!Number.isFinite(x + z + strength)) return;
      const [sx, sy, scale] = this.#onFloor(x, z);
      const [wide, high] = [radius * scale, radius * scale * tilt];
      context.globalAlpha = strength;
      context.drawImage(dark, sx - wide, sy - high, 2 * wide, 2 * high);
    };
    const middle = (axis) => [1, 8, 11].reduce((sum, joint) => sum + points[joint * 3 + axis], 0) / 3;
    shadow(middle(0), middle(2), 125, 0.5);
    for (const foot of [10, 13]) {
      const lift = Math.max(0, this.view.floor - points[foot * 3 + 1]) / 90;
      shadow(points[foot * 3], points[foot * 3 + 2], 48, 0.6 * Math.exp(-lift));
    }
    context.globalAlpha = 1;
  }

  #body(points) {
    const { figure, theme } = this;
    const parts = [];
    const middle = this.#medianAway();
    const add = (away, layer, colour, paint) => {
      if (!Number.isFinite(away)) return;
      const behind = Math.min(Math.max((away - middle) / figure.shade_depth, 0), 1);
      const shaded = mixed(colour, this.shade, behind * (1 - figure.far_shade));
      parts.push({ key: -away + 0.01 * layer, paint, colour: css(shaded) });
    };
    this.#addTorso(add);
    for (const [a, b, wide, narrow] of figure.limbs) {
      const trunk = a === 1;
      const arm = b === 3 || b === 4 || b === 6 || b === 7;
      const away = (this.away[a] + this.away[b]) / 2 / (trunk ? 1.02 : 1);
      add(away, trunk ? 3 : arm ? 5 : 1, figure.colours[b], (extra) => this.#limb(a, b, wide, narrow, extra));
    }
    for (let joint = 1; joint < 14; joint += 1) {
      const light = mixed(figure.colours[joint], [255, 255, 255], 0.6);
      add(this.away[joint] / 1.024, joint < 8 ? 6 : 2, light, (extra) => {
        if (!extra) this.#disc(joint, figure.joint_px);
      });
    }
    this.#addHead(points, add, theme);
    parts.sort((one, other) => one.key - other.key);
    for (const part of parts) {
      this.context.fillStyle = this.outline;
      part.paint(figure.outline_px);
      this.context.fillStyle = part.colour;
      part.paint(0);
    }
  }

  #addTorso(add) {
    const corners = [2, 5, 11, 8];
    const away = corners.reduce((sum, joint) => sum + this.away[joint], 0) / 4;
    add(away, 2, this.theme.skin, (extra) => {
      if (extra) return;
      const [cx, cy] = [0, 1].map((k) => corners.reduce((sum, j) => sum + this.xy[j * 2 + k], 0) / 4);
      const angle = (joint) => Math.atan2(this.xy[joint * 2 + 1] - cy, this.xy[joint * 2] - cx);
      const { context } = this;
      context.beginPath();
      // By angle, the corners never cross, even where shoulders are turned against hips.
      [...corners].sort((one, other) => angle(one) - angle(other)).forEach((joint) => {
        context.lineTo(this.xy[joint * 2], this.xy[joint * 2 + 1]);
      });
      context.closePath();
      context.fill();
      context.strokeStyle = context.fillStyle;
      context.lineJoin = "round";
      context.lineWidth = 2 * this.figure.torso_px * this.scale[2];
      context.stroke();
    });
  }

  #addHead(points, add, theme) {
    const { figure } = this;
    const skull = skullOf(points, figure.head_px, this.flat);
    if (!skull) return;
    this.#project(JOINTS, ...skull);
    add(this.away[JOINTS], 4, theme.head, (extra) => this.#disc(JOINTS, figure.head_px + extra));
    const away = Math.max((this.away[1] + this.away[JOINTS]) / 2, this.away[JOINTS]) * 1.001;
    add(away, 3, figure.colours[0], (extra) => this.#limb(1, JOINTS, ...figure.neck_px, extra));
    for (const joint of [0, 14, 15, 16, 17]) {
      const light = mixed(figure.colours[joint], [255, 255, 255], 0.35);
      const radius = joint === 0 ? figure.joint_px : 0.7 * figure.joint_px;
      add(this.away[joint], 5, light, (extra) => {
        if (!extra) this.#disc(joint, radius);
      });
    }
  }

  #medianAway() {
    const known = Array.from(this.away.subarray(0, JOINTS)).filter(Number.isFinite);
    known.sort((one, other) => one - other);
    return known.length ? known[(known.length - 1) >> 1] : 0;
  }

  #sticks() {
    const { figure, context } = this;
    const width = figure.stick_px;
    for (const [a, b] of figure.bones) {
      context.fillStyle = css(figure.colours[b]);
      this.#limb(a, b, width, width, 0);
    }
    figure.joint_colours.forEach((colour, joint) => {
      context.fillStyle = css(colour);
      this.#disc(joint, width);
    });
  }

  // A tapered limb with round ends.
  #limb(a, b, wide, narrow, extra) {
    const { context, xy, scale } = this;
    const [ax, ay, bx, by] = [xy[a * 2], xy[a * 2 + 1], xy[b * 2], xy[b * 2 + 1]];
    if (!Number.isFinite(ax + ay + bx + by)) return;
    const angle = Math.atan2(by - ay, bx - ax);
    context.beginPath();
    context.arc(ax, ay, (wide + extra) * scale[a], angle + Math.PI / 2, angle - Math.PI / 2);
    context.arc(bx, by, (narrow + extra) * scale[b], angle - Math.PI / 2, angle + Math.PI / 2);
    context.fill();
  }

  #disc(slot, radius) {
    const [x, y] = [this.xy[slot * 2], this.xy[slot * 2 + 1]];
    if (!Number.isFinite(x + y)) return;
    this.context.beginPath();
    this.context.arc(x, y, radius * this.scale[slot], 0, 2 * Math.PI);
    this.context.fill();
  }

  #backdrop(width, height) {
    const made = Object.assign(document.createElement("canvas"), { width, height });
    const context = made.getContext("2d", { alpha: false });
    const fall = context.createLinearGradient(0, 0, 0, height);
    fall.addColorStop(0, css(this.theme.sky));
    fall.addColorStop(0.6, css(mixed(this.theme.sky, this.theme.ground, 0.45)));
    fall.addColorStop(1, css(this.theme.ground));
    context.fillStyle = fall;
    context.fillRect(0, 0, width, height);
    return made;
  }

  // A soft round spot, drawn once and stretched to an ellipse each time.
  #spot(colour) {
    const made = Object.assign(document.createElement("canvas"), { width: 256, height: 256 });
    const context = made.getContext("2d");
    const fall = context.createRadialGradient(128, 128, 0, 128, 128, 128);
    for (const [at, alpha] of [[0, 1], [0.2, 0.82], [0.4, 0.4], [0.65, 0.14], [1, 0]]) {
      fall.addColorStop(at, css(colour, alpha));
    }
    context.fillStyle = fall;
    context.fillRect(0, 0, 256, 256);
    return made;
  }
}

// Middle of the head: between the ears, else behind and above the nose.
function skullOf(points, headPx, flat) {
  const at = (joint) => [points[joint * 3], points[joint * 3 + 1], points[joint * 3 + 2]];
  const known = (point) => point.every(Number.isFinite);
  const [nose, neck, right, left] = [at(0), at(1), at(16), at(17)];
  if (known(right) && known(left)) return right.map((value, k) => (value + left[k]) / 2);
  if (!known(nose)) return null;
  const up = unit(nose.map((value, k) => value - neck[k]));
  const across = unit(at(5).map((value, k) => value - at(2)[k]));
  let ahead = [
    across[1] * up[2] - across[2] * up[1],
    across[2] * up[0] - across[0] * up[2],
    across[0] * up[1] - across[1] * up[0],
  ];
  if (flat || !known(ahead)) ahead = [0, 0, 0];
  return nose.map((value, k) => value - 0.42 * headPx * ahead[k] + (known(up) ? 0.2 * headPx * up[k] : 0));
}

function unit(vector) {
  const length = Math.max(Math.hypot(...vector), 1e-6);
  return vector.map((value) => value / length);
}
