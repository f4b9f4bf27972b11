// Where things are: distances, and the order in which somebody on foot comes to them.
import { say } from "/page/language.js";

const EARTH_M = 6371008.8;

// Metres between two places (`lat`, `lon` in degrees); Infinity where one of them is not known.
export function distance(one, other) {
  if (one?.lat === undefined || other?.lat === undefined) return Infinity;
  const [north, south] = [one.lat, other.lat].map((degrees) => (degrees * Math.PI) / 180);
  const east = ((other.lon - one.lon) * Math.PI) / 180;
  const half = Math.sin((south - north) / 2) ** 2 + Math.cos(north) * Math.cos(south) * Math.sin(east / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(half));
}

export function metres(length) {
  if (!Number.isFinite(length)) return "–";
  return length < 1000 ? say("{} m", Math.round(length)) : say("{} km", (length / 1000).toFixed(1));
}

// The orders from the nearest to the next nearest, from a start on: a short way, if not the shortest. Each gets the
// metres from the one before it as `from_before`; those whose place is not known come last.
export function walk(orders, start) {
  const rest = [...orders];
  const way = [];
  let here = start || rest.find((each) => each.location)?.location;
  while (rest.length) {
    const lengths = rest.map((each) => distance(here, each.location));
    const nearest = lengths.indexOf(Math.min(...lengths));
    const [next] = rest.splice(nearest, 1);
    way.push({ ...next, from_before: lengths[nearest] });
    here = next.location || here;
  }
  return way;
}
