// Where native pixels are on the screen. (0, 0) is the centre of the first pixel, y runs up.

const MOST = 64; // screen pixels for one native pixel
const MARGIN = 0.96;

/** Unit vectors [x, y] of north and east in native pixels. */
export function skyAxes({ north_deg: north, flipped }) {
  const angle = ((north ?? 0) * Math.PI) / 180;
  const hand = flipped ? -1 : 1;
  return {
    north: [-Math.sin(angle), Math.cos(angle)],
    east: [-hand * Math.cos(angle), -hand * Math.sin(angle)],
  };
}

export class View {
  constructor() {
    this.width = 1;
    this.height = 1;
    this.scale = 1;
    this.centre = [0, 0];
    this.turned = false;
    this.shape = [1, 1];
    this.rows = [[1, 0], [0, 1]];
  }

  set(galaxy, turned) {
    this.shape = galaxy.shape;
    this.turned = turned && Number.isFinite(galaxy.north_deg);
    const { north, east } = skyAxes(galaxy);
    const up = galaxy.downward ? -1 : 1; // a JPEG's rows run down
    this.rows = this.turned ? [[-east[0], -east[1]], north] : [[1, 0], [0, up]];
  }

  resize(width, height) {
    this.width = width;
    this.height = height;
  }

  /** Vector in native pixels → on the screen, y down. */
  along([x, y]) {
    const [[a, b], [c, d]] = this.rows;
    return [this.scale * (a * x + b * y), -this.scale * (c * x + d * y)];
  }

  toScreen(x, y) {
    const [sx, sy] = this.along([x - this.centre[0], y - this.centre[1]]);
    return [this.width / 2 + sx, this.height / 2 + sy];
  }

  toNative(sx, sy) {
    // The rows are orthonormal: the transposed matrix is the inverse.
    const [[a, b], [c, d]] = this.rows;
    const [u, v] = [(sx - this.width / 2) / this.scale, -(sy - this.height / 2) / this.scale];
    return [this.centre[0] + a * u + c * v, this.centre[1] + b * u + d * v];
  }

  get least() {
    const [ny, nx] = this.shape;
    const [wide, high] = this.turned ? Array(2).fill(Math.hypot(nx, ny)) : [nx, ny];
    return MARGIN * Math.min(this.width / wide, this.height / high);
  }

  fit() {
    const [ny, nx] = this.shape;
    this.centre = [(nx - 1) / 2, (ny - 1) / 2];
    const [[a, b]] = this.rows;
    const [cos, sin] = [Math.abs(a), Math.abs(b)];
    const wide = nx * cos + ny * sin;
    const high = nx * sin + ny * cos;
    this.scale = MARGIN * Math.min(this.width / wide, this.height / high);
  }

  zoom(factor, sx = this.width / 2, sy = this.height / 2) {
    const [x, y] = this.toNative(sx, sy);
    this.scale = Math.min(MOST, Math.max(this.least / 2, this.scale * factor));
    const [nowX, nowY] = this.toNative(sx, sy);
    this.shift(x - nowX, y - nowY);
  }

  pan(dx, dy) {
    const [x0, y0] = this.toNative(0, 0);
    const [x1, y1] = this.toNative(dx, dy);
    this.shift(x0 - x1, y0 - y1);
  }

  shift(dx, dy) {
    const [ny, nx] = this.shape;
    this.centre = [
      Math.min(nx - 0.5, Math.max(-0.5, this.centre[0] + dx)),
      Math.min(ny - 0.5, Math.max(-0.5, this.centre[1] + dy)),
    ];
  }

  /** A box in the middle, so large that its surroundings are seen, too. */
  zoomTo(box) {
    this.centre = [(box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2];
    const side = Math.max(box.x2 - box.x1, box.y2 - box.y1, 1);
    this.scale = Math.min(MOST, Math.min(this.width, this.height) / (5 * side));
  }

  /** Move so far that a box is seen. */
  reveal(box) {
    const [sx, sy] = this.toScreen((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2);
    const edge = 24;
    if (sx < edge || sy < edge || sx > this.width - edge || sy > this.height - edge) {
      this.centre = [(box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2];
    }
  }

  /** Six numbers of a canvas transform that lays a picture (row 0 at the bottom) in its place. */
  picture(width, height) {
    const [ny, nx] = this.shape;
    const [x, y] = this.toScreen(-0.5, ny - 0.5);
    const across = this.along([nx / width, 0]);
    const down = this.along([0, -ny / height]);
    return [...across, ...down, x, y];
  }
}
