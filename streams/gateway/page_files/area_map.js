// The city's areas as a map that can be enlarged, each coloured by its figures, with orders and cameras as points on it.
// Leaflet draws it (ADR 105): a script of the page that stands before this one.
import { answered, ask, el, isDecided, percent } from "/page/common.js";
import { name, say } from "/page/language.js";

const STRONGEST = 80; // percent of the colour, for the area with the most
const CLOSEST = 19; // zoom level: a street fills the map
const NEAR = 17; // zoom level for a single point: some 500 m
const RADII = { camera: 2.5, busy: 7.5, silent: 7.5, unit: 5, order: 5, late: 5 }; // of points, in pixels; a camera that sees an order stands out behind it

// How an area can be coloured: what it is called, the share of the strongest colour by an area's figures and the most
// of any, and the colour.
const MODES = {
  open: [say("Open"), (x, most) => x.open / most.open, (x) => (x.overdue_open ? "--bad" : "--accent")],
  overdue: [say("Overdue"), (x, most) => x.overdue_open / most.overdue_open, () => "--bad"],
  closure: [say("Closure rate"), (x) => x.closure_rate ?? 0, () => "--good"],
};
const NONE = { open: 0, overdue_open: 0, closure_rate: null };

// A button for a keyboard and a screen reader, which a shape of Leaflet is not by itself.
function asButton(shape, run) {
  const path = shape.getElement();
  path.setAttribute("role", "button");
  path.setAttribute("tabindex", "0");
  shape.on("click", run);
  path.addEventListener("keydown", (event) => {
    if (!["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    run();
  });
}

// What is shown of a point when it is chosen: text nodes, for Leaflet reads strings as markup.
function told(point) {
  return el("span", {}, point.href ? el("a", { href: point.href }, point.title) : point.title, ...(point.opens ? [" ", point.opens()] : []));
}

// Draws the map into `holder`. `open(id, title)` is called for an area that somebody chooses, if there is one. Null where
// the areas may not be read; throws where they cannot be had now. Else: `colour` by the indicators of each area, marking the one that is open; `by(mode)` says
// by which of them; `points` puts points on it, each with `location`, `kind`, `title`, and `href`, `called`, or `opens()`
// for a button beside its title; `cells` lays squares under them, each with the degrees of its south-west corner and how
// many cameras in it are `quiet`, `busy`, `silent`, and calls `look(box)` for one that somebody wants to see more of;
// `showArea`, `showBox`, `showPoints` and `showAll` say what is seen.
export async function areaMap(holder, open = null) {
  const { L } = globalThis;
  const response = await ask("/areas");
  if (!L || (!response.ok && isDecided(response.status))) return null;
  const { features, tiles } = await answered(response);
  if (!features.length) return null;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  // A wheel turns the page, not the map; a finger moves the map once it is enlarged.
  const map = L.map(holder, {
    attributionControl: false, zoomControl: false, scrollWheelZoom: false, trackResize: false, zoomSnap: 0, maxZoom: CLOSEST,
    zoomAnimation: !still, fadeAnimation: !still, markerZoomAnimation: !still, inertia: !still,
  });
  // One above the other; what is hidden from screen readers stands in lists and sums beside the map.
  for (const [layer, height] of [["cells", 410], ["borders", 420], ["points", 430]]) {
    const pane = map.createPane(layer);
    pane.style.zIndex = height;
    pane.setAttribute("aria-hidden", "true");
  }
  const drawn = Object.fromEntries(["cells", "borders", "points"].map((pane) => [pane, L.layerGroup().addTo(map)]));
  const svg = Object.fromEntries(Object.keys(drawn).map((pane) => [pane, L.svg({ pane, padding: 0.5 })]));
  const areas = new Map(features.map((feature) => [feature.id, { feature, called: name({ id: feature.id, ...feature.properties }) }]));
  const all = L.geoJSON(features, { style: { className: "area", smoothFactor: 0, fillOpacity: 1 } });
  const whole = all.getBounds();
  const shown = map.options.crs;
  const [low, high] = [whole.getSouthWest(), whole.getNorthEast()].map((corner) => shown.latLngToPoint(corner, 0));
  if (!holder.classList.contains("near")) holder.style.aspectRatio = String((high.x - low.x) / (low.y - high.y));
  map.fitBounds(whole, { animate: false });
  all.addTo(map);
  if (tiles) {
    L.tileLayer(tiles.url, { maxZoom: CLOSEST }).addTo(map);
    holder.classList.add("tiled");
    holder.append(el("small", { class: "attribution" }, tiles.attribution));
  }
  all.eachLayer((shape) => {
    const area = areas.get(shape.feature.id);
    Object.assign(area, { shape, title: area.called });
    if (open) asButton(shape, () => open(shape.feature.id, area.called));
    else shape.getElement().setAttribute("role", "img");
    shape.getElement().setAttribute("aria-label", area.called);
    shape.bindTooltip(() => el("span", {}, area.title), { sticky: true });
  });
  let [mode, figures, chosen, placed] = ["open", {}, undefined, []];
  let [sized, look] = [false, null]; // whether the holder has a size, and what was last asked to be seen

  const enlarged = () => map.getZoom() > map.getMinZoom() + 0.01;
  function see(run) {
    map.closePopup();
    look = run;
    if (sized) run();
  }
  // As large as the holder is: the whole city is what is seen at least.
  function fit() {
    const former = sized;
    sized = holder.clientWidth > 0;
    if (!sized) return;
    const before = enlarged();
    map.invalidateSize({ animate: false });
    map.setMinZoom(0);
    const least = map.getBoundsZoom(whole);
    if (!before) map.setView(whole.getCenter(), least, { animate: false });
    map.setMinZoom(least);
    map.setMaxBounds(whole.pad(0.05));
    follow();
    if (!former) look?.(); // it was asked for while the holder was hidden
  }
  function follow() {
    holder.classList.toggle("enlarged", enlarged());
    if (enlarged()) map.dragging.enable();
    else map.dragging.disable();
  }
  map.setMinZoom(map.getZoom());
  map.on("zoomend", follow);
  map.on("popupopen", ({ popup }) => popup.getElement().querySelector(".leaflet-popup-close-button")?.setAttribute("aria-label", say("Close")));
  new ResizeObserver(fit).observe(holder);
  fit();

  function around(bounds, closest = CLOSEST) {
    map.fitBounds(bounds.pad(0.15), { animate: !still, maxZoom: closest });
  }

  function paint() {
    const [, share, shade] = MODES[mode];
    const of = (id) => figures[id] || NONE;
    const most = Object.fromEntries(["open", "overdue_open"].map((each) => [each, Math.max(1, ...[...areas.keys()].map((id) => of(id)[each] || 0))]));
    drawn.borders.clearLayers();
    for (const [id, area] of areas) {
      const x = { ...NONE, ...of(id) };
      const path = area.shape.getElement();
      const part = share(x, most);
      path.style.fill = part ? `color-mix(in srgb, var(${shade(x)}) ${Math.round(10 + part * (STRONGEST - 10))}%, var(--card))` : "var(--back)";
      area.title = say("{}: {} open, {} overdue, closure rate {}", area.called, x.open, x.overdue_open, percent(x.closure_rate));
      path.setAttribute("aria-label", area.title);
      if (open) path.setAttribute("aria-pressed", String(id === chosen));
      if (id === chosen) drawn.borders.addLayer(L.geoJSON(area.feature, { interactive: false, renderer: svg.borders, style: { className: "border", fill: false, smoothFactor: 0 } }));
    }
  }

  function numbered(at, { called, kind }) {
    const icon = L.divIcon({ className: `dot ${kind}`, html: el("span", {}, called), iconSize: [22, 22] });
    return L.marker(at, { pane: "points", keyboard: false, interactive: false, icon });
  }

  function spot(at, point) {
    const shape = L.circleMarker(at, { renderer: svg.points, radius: RADII[point.kind], className: `point ${point.kind}` });
    shape.bindTooltip(() => el("span", {}, point.title)).bindPopup(() => told(point));
    return shape.on("popupopen", () => shape.closeTooltip());
  }

  function points(found) {
    if (drawn.points.getLayers().some((each) => each.isPopupOpen?.())) return; // somebody reads one
    placed = found.filter((each) => each.location?.lat !== undefined);
    drawn.points.clearLayers();
    for (const point of placed) {
      const at = [point.location.lat, point.location.lon];
      drawn.points.addLayer(point.called ? numbered(at, point) : spot(at, point));
    }
  }

  // What is told of a cell that is chosen: it opens into its cameras, and the area under it as without the cell.
  function toldOf({ quiet, busy, silent }, box, event, look) {
    const { clientX, clientY } = event.originalEvent ?? {};
    const below = Number.isFinite(clientX) ? document.elementsFromPoint(clientX, clientY).find((node) => node.classList.contains("area")) : null;
    const area = below && [...areas].find(([, { shape }]) => shape.getElement() === below);
    const button = (words, run) => {
      const node = el("button", { type: "button", class: "plain" }, words);
      node.addEventListener("click", () => {
        map.closePopup();
        run();
      });
      return node;
    };
    return el("span", { class: "cell-told" }, say("Cameras: {} busy, {} silent, {} quiet", busy, silent, quiet), button(say("Show these cameras"), () => look(box)),
      area && open ? button(say("Open in {}", area[1].called), () => open(area[0], area[1].called)) : "");
  }

  function cells(found, size, look = null) {
    const most = Math.max(1, ...found.map(({ quiet, busy, silent }) => quiet + busy + silent));
    drawn.cells.clearLayers();
    for (const { lat, lon, quiet, busy, silent } of found) {
      const count = quiet + busy + silent; // what is quiet lets the areas' colour through
      const box = [lat, lon, lat + size, lon + size];
      const square = L.rectangle([box.slice(0, 2), box.slice(2)], {
        renderer: svg.cells, interactive: Boolean(look), bubblingMouseEvents: false, stroke: false, className: `cell ${silent ? "silent" : busy ? "busy" : "quiet"}`,
        fillOpacity: silent || busy ? 0.3 + (0.6 * (silent || busy)) / count : 0.05 + (0.25 * count) / most,
      });
      if (look) square.on("click", (event) => L.popup().setLatLng(event.latlng).setContent(toldOf({ quiet, busy, silent }, box, event, look)).openOn(map));
      drawn.cells.addLayer(square);
    }
  }

  return {
    points, cells, enlarge: () => map.zoomIn(), reduce: () => map.zoomOut(),
    colour: (of, which) => {
      [figures, chosen] = [of, which];
      paint();
    },
    by: (which) => {
      mode = which;
      paint();
    },
    showAll: () => see(() => map.fitBounds(whole, { animate: !still })),
    showArea: (id) => see(() => areas.has(id) && around(areas.get(id).shape.getBounds())),
    showBox: ([south, west, north, east]) => see(() => around(L.latLngBounds([south, west], [north, east]))),
    showPoints: () => see(() => placed.length && around(L.latLngBounds(placed.map(({ location }) => [location.lat, location.lon])), NEAR)),
  };
}

// The buttons that enlarge a map; `whole()` is called when somebody wants to see the whole city.
export function mapButtons(map, whole) {
  return el("span", { class: "window" }, ...[["+", say("Enlarge"), map.enlarge], ["−", say("Reduce"), map.reduce], ["⤢", say("The whole city"), whole]]
    .map(([sign, words, run]) => {
      const button = el("button", { type: "button", "aria-label": words, title: words }, sign);
      button.addEventListener("click", run);
      return button;
    }));
}

// The buttons that say by what the areas are coloured; `chosen(mode)` is called with what somebody has taken.
export function colourButtons(map, chosen) {
  const buttons = Object.entries(MODES).map(([mode, [words]], index) => {
    const button = el("button", { type: "button", "aria-pressed": String(!index) }, words);
    button.addEventListener("click", () => {
      for (const each of buttons) each.setAttribute("aria-pressed", String(each === button));
      map.by(mode);
      chosen(mode);
    });
    return button;
  });
  return el("span", { class: "window", role: "group", "aria-label": say("Coloured by") }, ...buttons);
}
