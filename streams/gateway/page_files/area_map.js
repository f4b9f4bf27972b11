// The city's areas as a map that can be enlarged, the deeper coloured the more orders there are, with orders and
// cameras as points on it.
import { ask, el } from "/page/common.js";
import { name, say } from "/page/language.js";

const WIDTH = 1000; // of the whole drawing, in its own units
const STRONGEST = 80; // percent of the colour, for the area with the most
const LARGEST = 64; // times
const STEP = 1.6; // how much a press enlarges
const RADII = { camera: 2.5, busy: 7.5, silent: 7.5, unit: 5, order: 5, late: 5, chosen: 6 }; // of points, in pixels; a camera that sees an order stands out behind it
const LEAST_DEGREES = 0.002; // of what is shown around points, some 200 m

function node(drawing, tag, attributes) {
  const made = document.createElementNS(drawing.namespaceURI, tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// The rings of a polygon or of several.
function rings(geometry) {
  return geometry.type === "Polygon" ? geometry.coordinates : geometry.coordinates.flat();
}

function extent(points) {
  return points.reduce(([west, south, east, north], [lon, lat]) =>
    [Math.min(west, lon), Math.min(south, lat), Math.max(east, lon), Math.max(north, lat)], [Infinity, Infinity, -Infinity, -Infinity]);
}

// From degrees to the drawing: a city is small enough to take degrees of longitude as shorter by one factor.
function projection(features) {
  const [west, south, east, north] = extent(features.flatMap((each) => rings(each.geometry).flat()));
  const narrower = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = WIDTH / ((east - west) * narrower);
  return { to: ([lon, lat]) => [(lon - west) * narrower * scale, (north - lat) * scale], height: (north - south) * scale };
}

// Draws the map into an `svg`. `open(id, title)` is called for an area that somebody chooses, if there is one. Null where
// the areas may not be read, else: `colour` by the indicators of each area, marking the one that is open; `points` puts
// points on it, each with `location`, `called` and `kind`; `cells` lays squares under them, each with the degrees of its
// south-west corner and how many cameras in it are `quiet`, `busy`, `silent`; `showArea`, `showPoints` and `showAll` say what is seen.
export async function areaMap(drawing, open = null) {
  const response = await ask("/areas");
  if (!response.ok) return null;
  const { features } = await response.json();
  if (!features.length) return null;
  const { to, height } = projection(features);
  const whole = [-4, -4, WIDTH + 8, height + 8];
  let seen = whole;
  const areas = features.map((feature) => {
    const called = name({ id: feature.id, ...feature.properties });
    const shape = rings(feature.geometry).map((ring) => `M${ring.map((point) => to(point).map((each) => each.toFixed(1)).join(",")).join("L")}Z`).join("");
    const path = node(drawing, "path", { class: "area", d: shape, ...(open ? { role: "button", tabindex: "0" } : { role: "img" }) });
    const title = node(drawing, "title", {});
    title.textContent = called;
    path.setAttribute("aria-label", called);
    path.append(title);
    if (open) {
      path.addEventListener("click", () => open(feature.id, called));
      path.addEventListener("keydown", (event) => {
        if (!["Enter", " "].includes(event.key)) return;
        event.preventDefault();
        open(feature.id, called);
      });
    }
    return { id: feature.id, called, path, title, corners: rings(feature.geometry).flat() };
  });
  const border = node(drawing, "path", { class: "border", "aria-hidden": "true" }); // of the open area, above its neighbours
  const squares = node(drawing, "g", { class: "cells", "aria-hidden": "true" }); // their sums stand beside the map
  const dots = node(drawing, "g", { "aria-hidden": "true" }); // each stands in a list, too, where it can be reached by key
  let marked = [];
  drawing.replaceChildren(...areas.map((area) => area.path), border, squares, dots);

  // Shows a part of the drawing: [x, y, width, height], kept within the whole.
  function see([x, y, width, height_]) {
    const [left, top, most, tall] = whole;
    const wide = Math.min(Math.max(width, (height_ * most) / tall, most / LARGEST), most);
    const high = (wide * tall) / most;
    const within = (at, size, begin, all) => Math.min(Math.max(at, begin), begin + all - size);
    seen = [within(x - (wide - width) / 2, wide, left, most), within(y - (high - height_) / 2, high, top, tall), wide, high];
    drawing.setAttribute("viewBox", seen.map((each) => each.toFixed(2)).join(" "));
    drawing.classList.toggle("enlarged", wide < most);
    place();
  }

  // Points keep their size on the screen, however much the map is enlarged.
  function place() {
    const unit = 1 / Math.min((drawing.clientWidth || WIDTH) / seen[2], (drawing.clientHeight || WIDTH) / seen[3]);
    for (const { spot, word, at, kind } of marked) {
      spot.setAttribute("cx", at[0].toFixed(2));
      spot.setAttribute("cy", at[1].toFixed(2));
      spot.setAttribute("r", (RADII[kind] * (word ? 1.6 : 1) * unit).toFixed(3));
      word?.setAttribute("x", at[0].toFixed(2));
      word?.setAttribute("y", (at[1] + 3.5 * unit).toFixed(2));
      word?.setAttribute("font-size", (10 * unit).toFixed(3));
    }
  }

  function points(found) {
    marked = found.filter((each) => each.location?.lat !== undefined).map((each) => {
      const spot = node(drawing, "circle", { class: `point ${each.kind}` });
      const title = node(drawing, "title", {});
      title.textContent = each.title || "";
      spot.append(title);
      const word = each.called ? node(drawing, "text", { class: "number" }) : null;
      if (word) word.textContent = each.called;
      if (each.open) spot.addEventListener("click", each.open);
      return { spot, word, at: to([each.location.lon, each.location.lat]), kind: each.kind, degrees: [each.location.lon, each.location.lat] };
    });
    dots.replaceChildren(...marked.flatMap(({ spot, word }) => (word ? [spot, word] : [spot])));
    place();
  }

  function cells(found, size) {
    const most = Math.max(1, ...found.map(({ quiet, busy, silent }) => quiet + busy + silent));
    squares.replaceChildren(...found.map(({ lat, lon, quiet, busy, silent }) => {
      const [[left, bottom], [right, top]] = [to([lon, lat]), to([lon + size, lat + size])];
      const square = node(drawing, "rect", { class: silent ? "silent" : busy ? "busy" : "quiet", x: left, y: top, width: right - left, height: bottom - top });
      const all = quiet + busy + silent; // what is quiet lets the areas' colour through
      square.style.opacity = silent || busy ? 0.3 + (0.6 * (silent || busy)) / all : 0.05 + (0.25 * all) / most;
      return square;
    }));
  }

  function around([west, south, east, north], margin) {
    const [left, top] = to([west - margin, north + margin]);
    const [right, bottom] = to([east + margin, south - margin]);
    see([left, top, right - left, bottom - top]);
  }

  function enlarge(times) {
    const [x, y, width, tall] = seen;
    see([x + (width - width / times) / 2, y + (tall - tall / times) / 2, width / times, tall / times]);
  }

  function colour(figures, chosen) {
    const most = Math.max(1, ...areas.map(({ id }) => figures[id]?.open || 0));
    border.setAttribute("d", areas.find(({ id }) => id === chosen)?.path.getAttribute("d") || "");
    for (const { id, called, path, title } of areas) {
      const { open: count = 0, overdue_open: late = 0 } = figures[id] || {};
      const shade = late ? "var(--bad)" : "var(--accent)";
      path.style.fill = count ? `color-mix(in srgb, ${shade} ${Math.round(10 + (count / most) * (STRONGEST - 10))}%, var(--card))` : "var(--back)";
      title.textContent = say("{}: {} open, {} overdue", called, count, late);
      path.setAttribute("aria-label", title.textContent);
      path.setAttribute("aria-pressed", String(id === chosen));
    }
  }

  follow(drawing, () => seen, see);
  see(whole);
  return {
    colour, points, cells, enlarge: () => enlarge(STEP), reduce: () => enlarge(1 / STEP), showAll: () => see(whole),
    showArea: (id) => {
      const area = areas.find((each) => each.id === id);
      if (area) around(extent(area.corners), LEAST_DEGREES);
    },
    showPoints: () => {
      if (marked.length) around(extent(marked.map(({ degrees }) => degrees)), LEAST_DEGREES / 2);
    },
  };
}

// The buttons that enlarge a map.
export function mapButtons(map) {
  return el("span", { class: "window" }, ...[["+", say("Enlarge"), map.enlarge], ["−", say("Reduce"), map.reduce], ["⤢", say("The whole city"), map.showAll]]
    .map(([sign, words, run]) => {
      const button = el("button", { type: "button", "aria-label": words, title: words }, sign);
      button.addEventListener("click", run);
      return button;
    }));
}

// An enlarged map is moved by dragging it.
function follow(drawing, seen, see) {
  let from = null;
  drawing.addEventListener("pointerdown", (event) => {
    if (drawing.classList.contains("enlarged")) from = { x: event.clientX, y: event.clientY, seen: seen() };
  });
  drawing.addEventListener("pointermove", (event) => {
    if (!from || !event.buttons) return;
    const unit = from.seen[2] / drawing.clientWidth;
    see([from.seen[0] - (event.clientX - from.x) * unit, from.seen[1] - (event.clientY - from.y) * unit, from.seen[2], from.seen[3]]);
  });
  for (const end of ["pointerup", "pointerleave"]) drawing.addEventListener(end, () => {
    from = null;
  });
}
