// The language and the colours of the pages. English stands in the code and in the pages where it is said, and is its
// own key: `words.csv` has the Chinese of each sentence.
import { WORDS } from "/page/terms.js";

const LANGUAGES = ["zh", "en"];
const THEMES = ["light", "dark"];
const preferred = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
const asked = localStorage.getItem("language");
export const language = LANGUAGES.includes(asked) ? asked : preferred;

// A sentence in the user's language, with a value for each `{}` that stands in it.
export function say(english, ...values) {
  const sentence = language === "zh" ? WORDS[english] ?? english : english;
  return values.reduce((text, value) => text.replace("{}", () => String(value)), sentence);
}

// Words, a colon as the language has it, and what is said of them.
export function colon(words, said = "") {
  return language === "zh" ? `${words}：${said}` : `${words}: ${said}`.trimEnd();
}

// Of a pair (Chinese, English), as the tables of terms have them, the one in the user's language.
export function term(pair, otherwise = "") {
  return pair ? pair[LANGUAGES.indexOf(language)] : otherwise;
}

// What is known by its id and two names, by its name in the user's language.
export function name(known) {
  if (!known) return "–";
  if (known.id === "unlocated") return say("place unknown");
  return term([known.name_zh, known.name_en]) || known.name_zh || known.name_en || known.id || "–";
}

function theme() {
  const kept = localStorage.getItem("theme");
  return THEMES.includes(kept) ? kept : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function paint(chosen) {
  document.documentElement.dataset.theme = chosen;
}

// The page begins anew in the other language: each text is made once, when it is shown.
function languageSwitch() {
  const button = document.createElement("button");
  button.type = "button";
  button.id = "language";
  [button.lang, button.textContent] = language === "zh" ? ["en", "English"] : ["zh-CN", WORDS["In Chinese"]];
  button.addEventListener("click", () => {
    localStorage.setItem("language", language === "zh" ? "en" : "zh");
    location.reload();
  });
  return button;
}

function themeSwitch() {
  const button = document.createElement("button");
  button.type = "button";
  button.id = "theme";
  const label = () => {
    button.textContent = theme() === "dark" ? say("Light") : say("Dark");
  };
  button.addEventListener("click", () => {
    localStorage.setItem("theme", theme() === "dark" ? "light" : "dark");
    paint(theme());
    label();
  });
  label();
  return button;
}

document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.textContent);
for (const node of document.querySelectorAll("[data-say-label]")) node.setAttribute("aria-label", say(node.dataset.sayLabel));
const switches = document.createElement("span");
switches.className = "switches";
switches.append(languageSwitch(), themeSwitch());
document.querySelector("header").append(switches);
paint(theme());
document.documentElement.dataset.ready = "";
