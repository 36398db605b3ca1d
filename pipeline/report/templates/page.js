"use strict";
// Tables sort by the column whose title is clicked; a threshold moves, and its decisions follow.
for (const table of document.querySelectorAll(".scroll table")) {
  const titles = table.tHead.rows[table.tHead.rows.length - 1].cells;
  [...titles].forEach((title, place) => {
    const button = document.createElement("button");
    button.append(...title.childNodes);
    title.append(button);
    button.addEventListener("click", () => {
      const down = title.getAttribute("aria-sort") !== "descending";
      for (const other of titles) other.removeAttribute("aria-sort");
      title.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = row => {
        const text = (row.cells[place]?.firstChild?.textContent ?? "").replaceAll(",", "").replace("\u2212", "-");
        return Number.isNaN(parseFloat(text)) ? text : parseFloat(text);
      };
      const order = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
      const rows = [...table.tBodies[0].rows].sort((a, b) => order(value(a), value(b)) * (down ? -1 : 1));
      table.tBodies[0].append(...rows);
    });
  });
}
for (const hint of document.querySelectorAll(".sorts")) hint.hidden = false;

const explorer = document.getElementById("explorer");
if (explorer) {
  const decided = JSON.parse(explorer.querySelector("script").textContent);
  const [variant, cost, place] = explorer.querySelectorAll("select, input");
  const shown = explorer.querySelector("output");
  const share = (part, whole) => (whole ? (part / whole).toFixed(3) : "–");
  const tell = () => {
    const {threshold, tn, fp, fn, tp} = decided[variant.value];
    place.max = threshold.length - 1;
    const at = Number(place.value);
    const costs = fp[at] + Number(cost.value) * fn[at];
    shown.textContent = `${threshold[at]}: finds ${tp[at]} of ${tp[at] + fn[at]} positives with ${fp[at]} false positives `
      + `(${tn[at]} true negatives); recall ${share(tp[at], tp[at] + fn[at])}, precision ${share(tp[at], tp[at] + fp[at])}; `
      + `total cost ${fp[at]} + ${cost.value || 0} × ${fn[at]} = ${Number(costs.toPrecision(6))} false positives`;
  };
  const start = () => {
    place.max = decided[variant.value].threshold.length - 1;
    place.value = decided[variant.value].start;
    tell();
  };
  variant.addEventListener("input", start);
  cost.addEventListener("input", tell);
  place.addEventListener("input", tell);
  start();
  explorer.hidden = false;
}
