import { duration, el, english, moment, name, percent } from "/page/common.js";
import { STATES } from "/page/states.js";

const SHOWN_SHARE = 0.15; // terms that weigh less than this share of the heaviest would only clutter the text
const LATE = new Set(["breached", "supervised", "quarantined"]);
const FACTS = {
  opened: "立案", "evidence-added": "并案", linked: "关联", classified: "研判", "sent-to-review": "待研判", decided: "研判决定",
  assigned: "派单", accepted: "签收", progressed: "进展", returned: "退单", "return-approved": "准予退单", "return-refused": "驳回退单",
  "taken-back": "改派", recategorised: "改类", prioritised: "定级", "supervision-ordered": "督办", reminded: "催办", commented: "批注",
  "sent-to-arbitration": "争议裁定", "extension-requested": "申请延期", "extension-approved": "准予延期", "extension-refused": "驳回延期",
  "suspension-requested": "申请挂账", suspended: "挂账", "suspension-refused": "驳回挂账", resumed: "恢复", handled: "处置完成", checked: "核查",
  closed: "结案", reopened: "重开", appealed: "申诉", "appeal-reviewed": "申诉审议", rejected: "作废", merged: "并入", absorbed: "并案",
  unmerged: "拆分", released: "拆分", warned: "预警", breached: "超时", supervised: "督办", "feedback-received": "回访", archived: "归档",
  quarantined: "隔离",
};
let zone = "Asia/Shanghai";

function at(text) {
  return moment(text, zone);
}

// The terms that weighed most, marked where they stand in the text.
function marked(text, terms) {
  const heaviest = Math.max(0, ...terms.map(([, weight]) => weight));
  const words = terms.filter(([term, weight]) => weight > 0 && weight >= heaviest * SHOWN_SHARE && term.trim()).map(([term]) => term);
  if (!words.length) return [text];
  const escaped = words.sort((a, b) => b.length - a.length).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const parts = text.split(new RegExp(`(${escaped.join("|")})`, "gi"));
  return parts.map((part, index) => (index % 2 ? el("mark", {}, part) : part));
}

function pairs(list, rows) {
  list.replaceChildren(...rows.filter(([, , value]) => value !== undefined && value !== null && value !== "")
    .flatMap(([zh, en, value]) => [el("dt", {}, zh, el("small", {}, en)), el("dd", {}, value)]));
}

function why(order) {
  const reason = order.why || {};
  const guess = order.guess || {};
  const alternatives = reason.alternatives || guess.alternatives || [];
  const terms = reason.terms || guess.terms || [];
  const beside = reason.beside || guess.beside || [];
  const second = reason.second || guess.second || "";
  const list = el("dl", { class: "facts" });
  const rule = [reason.rule, reason.table_row ? `第 ${reason.table_row} 行 row` : "", reason.note].filter(Boolean).join(" · ");
  const threshold = reason.threshold ?? guess.threshold;
  const sure = reason.probability ?? guess.probability;
  pairs(list, [
    ["由", "by", reason.by],
    ["依据", "rule", rule],
    ["把握", "probability", sure === undefined ? "" : percent(sure)],
    ["阈值", "threshold", threshold === undefined ? "" : threshold > 1 ? "不可达 none would do" : percent(threshold)],
    ["候选", "alternatives", alternatives.map(([code, share]) => `${code} ${percent(share)}`).join(", ")],
    ["旁证", "beside the text", beside.map((each) => `${each.words} → ${each.categories.join(", ")} +${each.weight.toFixed(1)}`).join("; ")],
    ["第二件事", "second matter", second ? el("span", {}, name(second), el("small", {}, `${english(second)} · 可拆分 may be split off`)) : ""],
    ["词语", "terms", terms.length ? el("span", { class: "chips" }, ...terms.map(([term, weight]) =>
      el("span", { class: weight > 0 ? "badge good" : "badge" }, `${term} ${weight > 0 ? "+" : ""}${weight.toFixed(2)}`))) : ""],
    ["模型", "model", reason.model || guess.model],
  ]);
  return list.children.length ? list : el("p", { class: "soft" }, order.department ? "未记录 Not recorded" : "由人工研判 A person decides");
}

function held(order) {
  const head = el("tr", {}, ...[["部门", "Department"], ["从", "From"], ["至", "To"], ["时长", "Held"], ["工作时间", "Working time"]]
    .map(([zh, en]) => el("th", { scope: "col" }, zh, el("small", {}, en))));
  const rows = (order.held_by || []).map((turn) => el("tr", {},
    el("th", { scope: "row" }, name(turn.department), el("small", {}, english(turn.department))),
    el("td", {}, at(turn.from)), el("td", {}, turn.to ? at(turn.to) : "…"),
    el("td", {}, duration(turn.held_seconds), turn.misrouted ? " 错派" : ""), el("td", {}, duration(turn.held_work_seconds))));
  return rows.length ? el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows)) : el("p", { class: "soft" }, "尚未派遣 Not assigned yet");
}

// Links, not pictures: the page loads nothing from elsewhere, and an address in a report may be anybody's.
function photos(urls) {
  return el("span", { class: "photos" }, ...(urls || []).flatMap((url, index) => [
    el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, `照片 Photo ${index + 1}`), " "]));
}

function orders(ids) {
  return (ids || []).length ? el("span", {}, ...ids.flatMap((other) => [
    el("a", { href: `/o/${encodeURIComponent(other)}` }, other), " "])) : "";
}

function evidence(seen, terms) {
  const source = seen.kind === "report" ? `${seen.channel || "市民 citizen"}` : `${seen.camera} · ${seen.label}`;
  return el("li", {},
    el("div", { class: "top" }, el("span", {}, source), el("time", { datetime: seen.at }, at(seen.at))),
    seen.text ? el("div", {}, ...marked(seen.text, terms)) : "",
    photos(seen.media_urls),
    el("span", { class: "soft" }, [seen.address, seen.rule, seen.confidence ? percent(seen.confidence) : "",
      seen.bbox ? `□ ${seen.bbox.join(", ")}` : "", seen.distance_m ? `${Math.round(seen.distance_m)} m` : ""].filter(Boolean).join(" · ")));
}

function panel(zh, en, inner) {
  return el("section", { class: "panel" }, el("h2", {}, zh, el("small", {}, en)), inner);
}

// The order's panels, and the function that fills them. `beside` is put on top of the second column.
export function orderView(beside) {
  const parts = {
    text: el("div", { class: "text" }), why: el("div"), held: el("div", { class: "scroll" }), evidence: el("ol", { class: "list" }),
    facts: el("dl", { class: "facts" }), timeline: el("ol", { class: "timeline" }),
  };
  const node = el("div", { class: "columns", hidden: true },
    el("div", {}, panel("内容", "What was reported", parts.text), panel("派遣依据", "Why this department", parts.why),
      panel("经办", "Who held it, for how long", parts.held), panel("证据", "Evidence", parts.evidence)),
    el("div", {}, beside, panel("概况", "At a glance", parts.facts), panel("时间线", "Timeline", parts.timeline)));
  return { node, show: (order) => fill(node, parts, order) };
}

// What an order's state is called, and whether it is late.
export function stateBadge(order) {
  const [zh, en] = STATES[order.state] || [order.state, ""];
  return el("span", { class: order.overdue_at ? "badge bad" : "badge good" }, `${zh} ${en}${order.overdue_at ? " · 超期 overdue" : ""}`);
}

function fill(node, parts, order) {
  if (order.zone) zone = order.zone;
  const terms = (order.why && order.why.terms) || (order.guess && order.guess.terms) || [];
  parts.text.replaceChildren(...(order.title ? [el("strong", {}, ...marked(order.title, terms)), "\n"] : []),
    ...marked(order.text || "", terms));
  parts.why.replaceChildren(why(order));
  parts.held.replaceChildren(held(order));
  parts.evidence.replaceChildren(...order.evidence.shown.map((seen) => evidence(seen, terms)));
  const place = order.location || {};
  pairs(parts.facts, [
    ["部门", "department", order.department ? `${name(order.department)} ${english(order.department)}` : ""],
    ["区域", "area", order.area ? `${name(order.area)} ${english(order.area)}` : ""],
    ["地址", "address", place.address],
    ["坐标", "place", place.lat === undefined ? "" : `${place.lat.toFixed(5)}, ${place.lon.toFixed(5)}`],
    ["立案", "opened", at(order.opened_at)],
    ["优先级", "priority", String(order.priority)],
    ["期限", "due", order.due ? at(order.due) : "无 none"],
    ["次数", "attempt", String(order.attempt ?? 0)],
    ["目击", "sightings", String(order.evidence.count + (order.evidence.seen_again || 0))],
    ["督办", "supervision", order.supervision ? `${order.supervision} 级 level` : ""],
    ["并入", "merged into", orders(order.parent ? [order.parent] : [])],
    ["并案", "merged from", orders(order.children)],
    ["疑似重复", "may be the same", orders(order.candidates)],
    ["关联", "linked", orders(order.linked)],
  ]);
  parts.timeline.replaceChildren(...order.timeline.map((entry) => el("li", { class: LATE.has(entry.fact) ? "late" : null },
    el("time", { datetime: entry.at }, at(entry.at)),
    el("strong", {}, `${FACTS[entry.fact] || ""} ${entry.fact}`), " ",
    entry.fact === "checked" ? el("span", { class: entry.state === "accepted" ? "badge bad" : "badge good" },
      entry.state === "accepted" ? "返工 failed" : "通过 passed") : "", " ", photos(entry.evidence_urls),
    el("span", { class: "soft" }, [entry.by.department || entry.by.role, entry.note].filter(Boolean).join(" · ")))));
  node.hidden = false;
}
