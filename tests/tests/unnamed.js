// Links, buttons and fields that a screen reader could not name, and tables without column headers.
const nameOf = (element) =>
  (element.getAttribute("aria-label") || element.labels?.[0]?.textContent || element.textContent || "").trim();
const controls = [...document.querySelectorAll("a, button, input:not([type=hidden]), select")]
  .filter((element) => !nameOf(element))
  .map((element) => element.outerHTML.slice(0, 120));
const tables = [...document.querySelectorAll("table")]
  .filter((table) => table.querySelectorAll("th[scope]").length === 0)
  .map((table) => table.outerHTML.slice(0, 120));
return [...controls, ...tables];
