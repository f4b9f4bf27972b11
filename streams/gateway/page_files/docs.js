import { announced, answered, ask, el, untilAnswered } from "/page/common.js";
import { say } from "/page/language.js";

function kind(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.filter((one) => one !== "").join(", ");
  if (schema.items) return `${kind(schema.items)} (with commas)`;
  if (schema.anyOf) return schema.anyOf.map(kind).filter((one) => one !== "null").join(" | ");
  return schema.type || "";
}

// What stands between backticks is code.
function prose(text = "") {
  return text.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));
}

function parameters(route) {
  if (!(route.parameters || []).length) return null;
  const rows = route.parameters.map((one) => el("tr", {},
    el("th", { scope: "row" }, el("code", {}, one.name)),
    el("td", {}, `${one.in}, ${kind(one.schema)}${one.required ? ", required" : ""}`),
    el("td", { class: "wide" }, ...prose(one.description))));
  return table(say("parameters"), rows);
}

// Wider than a phone, it is scrolled, also by key.
function table(called, rows) {
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": called }, el("table", { class: "told" }, el("tbody", {}, ...rows)));
}

function body(route) {
  const content = (route.requestBody || {}).content || {};
  return Object.entries(content).map(([type, { schema }]) => el("details", {},
    el("summary", {}, `${say("body")}: ${type}`), el("pre", {}, JSON.stringify(schema, null, 2))));
}

function answers(route) {
  const rows = Object.entries(route.responses || {}).map(([status, one]) => el("tr", {},
    el("th", { scope: "row" }, el("code", {}, status)),
    el("td", { class: "wide" }, ...prose(one.description)),
    el("td", {}, Object.entries(one.content || {}).map(([type, { schema }]) => `${type} ${kind(schema)}`).join("; "))));
  return el("details", {}, el("summary", {}, say("answers")), table(say("answers"), rows));
}

function shapes(schemas) {
  return el("section", { class: "panel" }, el("h2", {}, say("Schemas")), ...Object.entries(schemas).map(([name, schema]) =>
    el("details", {}, el("summary", {}, name), el("pre", {}, JSON.stringify(schema, null, 2)))));
}

function panel(path, method, route) {
  return el("section", { class: "panel" },
    el("h2", {}, el("code", {}, `${method.toUpperCase()} ${path}`), el("small", {}, ...prose(route.summary))),
    route.description ? el("p", { class: "soft" }, ...prose(route.description)) : null,
    parameters(route), ...body(route), answers(route));
}

const notice = document.getElementById("notice");

function tell(sentence) {
  announced(notice, sentence);
  notice.hidden = !sentence;
}

try {
  const api = await untilAnswered(async () => answered(await ask("/openapi.json")), (error) => tell(say("Cannot update at the moment ({})", error.message)));
  tell("");
  const panels = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, route]) => panel(path, method, route)));
  document.getElementById("routes").append(...panels, shapes((api.components || {}).schemas || {}));
} catch (error) {
  tell(say("Cannot be shown: {}", error.message));
}
