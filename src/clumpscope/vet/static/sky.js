// Pixels to the sky: a tangential plane around the picture's middle, or the WCS that is given.

import { skyAxes } from "./view.js";

const RADIANS = Math.PI / 180;

// Standard coordinates in degrees around a point → right ascension, declination (TAN).
function deproject(xi, eta, ra0, dec0) {
  const [x, y, d] = [xi * RADIANS, eta * RADIANS, dec0 * RADIANS];
  const below = Math.cos(d) - y * Math.sin(d);
  const ra = ra0 + Math.atan2(x, below) / RADIANS;
  const dec = Math.atan2(Math.sin(d) + y * Math.cos(d), Math.hypot(x, below)) / RADIANS;
  return [((ra % 360) + 360) % 360, dec];
}

/** Native pixel → [ra, dec] in degrees, or null. */
export function skyOf(galaxy, x, y) {
  if (galaxy.sky) {
    const { crval, crpix, cd } = galaxy.sky; // crpix counts from 0, as native pixels do
    const [dx, dy] = [x - crpix[0], y - crpix[1]];
    return deproject(cd[0][0] * dx + cd[0][1] * dy, cd[1][0] * dx + cd[1][1] * dy, ...crval);
  }
  const scale = galaxy.pixscale_arcsec / 3600;
  if (![galaxy.ra, galaxy.dec, galaxy.north_deg, scale].every((one) => Number.isFinite(one))) return null;
  const { north, east } = skyAxes(galaxy);
  const [ny, nx] = galaxy.shape;
  const [dx, dy] = [x - (nx - 1) / 2, y - (ny - 1) / 2];
  return deproject(scale * (east[0] * dx + east[1] * dy), scale * (north[0] * dx + north[1] * dy), galaxy.ra, galaxy.dec);
}
