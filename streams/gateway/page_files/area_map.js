// The city's areas as a map, the deeper coloured the more orders there are; each opens into its orders.
import { ask } from "/page/common.js";
import { name, say } from "/page/language.js";

const WIDTH = 1000; // of the drawing, in its own units
const STRONGEST = 80; // percent of the colour, for the area with the most

function node(drawing, tag, attributes) {
  const made = document.createElementNS(drawing.namespaceURI, tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// The rings of a polygon or of several.
function rings(geometry) {
  return geometry.type === "Polygon" ? geometry.coordinates : geometry.coordinates.flat();
}

// From degrees to the drawing: a city is small enough to take degrees of longitude as shorter by one factor.
function projection(features) {
  const points = features.flatMap((each) => rings(each.geometry).flat());
  const [west, east] = [Math.min, Math.max].map((most) => points.reduce((found, [lon]) => most(found, lon), points[0][0]));
  const [south, north] = [Math.min, Math.max].map((most) => points.reduce((found, [, lat]) => most(found, lat), points[0][1]));
  const narrower = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = WIDTH / ((east - west) * narrower);
  return { to: ([lon, lat]) => `${((lon - west) * narrower * scale).toFixed(1)},${((north - lat) * scale).toFixed(1)}`, height: (north - south) * scale };
}

// Draws the map into an `svg`. `open(id, title)` is called for an area that somebody chooses. Gives the function that
// colours it by the indicators of each area and marks the one that is open; null where the areas may not be read.
export async function areaMap(drawing, open) {
  const response = await ask("/areas");
  if (!response.ok) return null;
  const { features } = await response.json();
  if (!features.length) return null;
  const { to, height } = projection(features);
  drawing.setAttribute("viewBox", `-4 -4 ${WIDTH + 8} ${(height + 8).toFixed(0)}`);
  const areas = features.map((feature) => {
    const called = name({ id: feature.id, ...feature.properties });
    const path = node(drawing, "path", { d: rings(feature.geometry).map((ring) => `M${ring.map(to).join("L")}Z`).join(""), role: "button", tabindex: "0" });
    const title = node(drawing, "title", {});
    path.append(title);
    path.addEventListener("click", () => open(feature.id, called));
    path.addEventListener("keydown", (event) => {
      if (!["Enter", " "].includes(event.key)) return;
      event.preventDefault();
      open(feature.id, called);
    });
    return { id: feature.id, called, path, title };
  });
  const border = node(drawing, "path", { class: "border", "aria-hidden": "true" }); // of the open area, above its neighbours
  drawing.replaceChildren(...areas.map((area) => area.path), border);
  return (figures, chosen) => {
    const most = Math.max(1, ...areas.map(({ id }) => figures[id]?.open || 0));
    border.setAttribute("d", areas.find(({ id }) => id === chosen)?.path.getAttribute("d") || "");
    for (const { id, called, path, title } of areas) {
      const { open: count = 0, overdue_open: late = 0 } = figures[id] || {};
      const colour = late ? "var(--bad)" : "var(--accent)";
      path.style.fill = count ? `color-mix(in srgb, ${colour} ${Math.round(10 + (count / most) * (STRONGEST - 10))}%, var(--card))` : "var(--back)";
      title.textContent = say("{}: {} open, {} overdue", called, count, late);
      path.setAttribute("aria-label", title.textContent);
      path.setAttribute("aria-pressed", String(id === chosen));
    }
  };
}
