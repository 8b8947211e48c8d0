"use strict";

// Tables: click a heading to sort; the filter keeps the rows that contain all of its words.
const value = (cell) => {
  const text = cell.textContent.trim().replace("−", "-").replace(/^< /, "");
  const match = text.match(/^[+-]?\d+(\.\d+)?( [kM]\b)?/);
  if (!match) return text === "—" ? null : text;
  return parseFloat(text) * ({ " k": 1e3, " M": 1e6 }[match[2]] ?? 1);
};

function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null) || 0;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

for (const table of document.querySelectorAll("table")) {
  const headings = [...table.querySelectorAll("th")];
  headings.forEach((heading, column) => heading.firstChild.addEventListener("click", () => {
    const descending = heading.getAttribute("aria-sort") === "ascending";
    headings.forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows].map((row) => [value(row.cells[column]), row]);
    rows.sort(([a], [b]) => (a === null || b === null || !descending ? compare(a, b) : compare(b, a)));  // missing values last
    table.tBodies[0].append(...rows.map(([, row]) => row));
  }));
}

const runs = document.querySelector("table[data-name=runs]");
const allRuns = document.getElementById("all-runs");
let shownVariants = null;  // numbers of the variants listed in the table of runs; null: all

function filter(name) {
  const field = document.querySelector(`input[data-table="${name}"]`);
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const row of document.querySelector(`table[data-name="${name}"]`).tBodies[0].rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word))
      || (name === "runs" && shownVariants !== null && !shownVariants.includes(row.dataset.variant));
    count += !row.hidden;
  }
  field.closest(".tools").querySelector("output").textContent = `${count} ${count === 1 ? "row" : "rows"}`;
  allRuns.hidden = shownVariants === null;
}

for (const field of document.querySelectorAll("input[data-table]")) {
  field.addEventListener("input", () => filter(field.dataset.table));
}

// A click on a number shows the runs behind it: those of its variant and of the baseline.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-variant]");
  if (!link) return;
  shownVariants = link.dataset.variant ? [link.dataset.variant, "0"] : null;  // null: computed from all runs
  document.querySelector("input[data-table=runs]").value = "";
  filter("runs");
});
allRuns.addEventListener("click", () => { shownVariants = null; filter("runs"); });

// Curves: a checkbox per variant, because Plotly's legend is not accessible with the keyboard.
function drawCurves({ traces }) {
  Plotly.newPlot("plot", traces, {
    xaxis: { title: { text: "Epoch" } },
    yaxis: { title: { text: "Loss (log scale)" }, type: "log" },
    hovermode: "closest",
    margin: { t: 20, r: 10 },
    legend: { orientation: "h", y: -0.2 },
  }, { responsive: true, displaylogo: false });
  for (const box of document.querySelectorAll("input[data-curve]")) {
    box.addEventListener("change", () => {
      const selected = traces.flatMap((trace, index) => (trace.meta === Number(box.dataset.curve) ? [index] : []));
      Plotly.restyle("plot", { visible: box.checked }, selected);
    });
  }
}
const curveData = document.getElementById("curve-data");  // none for studies of one epoch
if (curveData) drawCurves(JSON.parse(curveData.textContent));
