"use strict";

// Tables: a click on a heading sorts, text in the filter keeps the rows that have it.
const value = (cell) => {
  const text = cell.textContent.trim().replace("−", "-").replace(/^< /, "");
  const found = text.match(/^[+-]?\d+(\.\d+)?( [kM]\b)?/);
  if (!found) return text === "—" ? null : text;
  return parseFloat(text) * ({ " k": 1e3, " M": 1e6 }[found[2]] ?? 1);
};

function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null) || 0;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

for (const table of document.querySelectorAll("table")) {
  const headings = [...table.querySelectorAll("th")];
  headings.forEach((heading, column) => heading.firstChild.addEventListener("click", () => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    headings.forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].map((row) => [value(row.cells[column]), row]);
    rows.sort(([a], [b]) => (a === null || b === null || !down ? compare(a, b) : compare(b, a)));  // unknown: last
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }));
}

const runs = document.querySelector("table[data-name=runs]");
const allRuns = document.getElementById("all-runs");
let of = null;  // the variants whose runs are shown, or all

function filter(name) {
  const field = document.querySelector(`input[data-table="${name}"]`);
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of document.querySelector(`table[data-name="${name}"]`).tBodies[0].rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word))
      || (name === "runs" && of !== null && !of.includes(row.dataset.variant));
    count += !row.hidden;
  }
  field.closest(".tools").querySelector("output").textContent = `${count} rows`;
  allRuns.hidden = of === null;
}

for (const field of document.querySelectorAll("input[data-table]")) {
  field.addEventListener("input", () => filter(field.dataset.table));
}

// A number leads to its runs: those of its variant, and of the baseline it is compared with.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-variant]");
  if (!link) return;
  of = link.dataset.variant ? [link.dataset.variant, "0"] : null;  // of no variant: of all runs together
  document.querySelector("input[data-table=runs]").value = "";
  filter("runs");
});
allRuns.addEventListener("click", () => { of = null; filter("runs"); });

// Curves: each variant has a box to tick, for the legend cannot be reached with the keyboard.
const { traces } = JSON.parse(document.getElementById("curve-data").textContent);
Plotly.newPlot("plot", traces, {
  xaxis: { title: { text: "Epoch" } },
  yaxis: { title: { text: "Loss (log scale)" }, type: "log" },
  hovermode: "closest",
  margin: { t: 20, r: 10 },
  legend: { orientation: "h", y: -0.2 },
}, { responsive: true, displaylogo: false });
for (const box of document.querySelectorAll("input[data-curve]")) {
  box.addEventListener("change", () => {
    const own = traces.flatMap((trace, place) => (trace.meta === Number(box.dataset.curve) ? [place] : []));
    Plotly.restyle("plot", { visible: box.checked }, own);
  });
}
