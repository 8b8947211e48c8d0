"use strict";

// Tables: a column's name sorts, a filter keeps the rows that contain all of its words, and long tables start short.
const FIRST_ROWS = 100;
const views = {};  // {name of a table: {show, chosen, all}}

function numberOrText(cell) {
  const text = cell.textContent.trim().replace(/−/g, "-").replace(/^< /, "");
  const match = text.match(/^[+-]?\d+(\.\d+)?(e[+-]?\d+)?( [kM]\b)?/);
  if (!match) return text === "—" || text === "" ? null : text;
  return parseFloat(text) * ({ " k": 1e3, " M": 1e6 }[match[3]] ?? 1);
}

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

function sortBy(table, column, direction, original) {
  if (!direction) return table.tBodies[0].append(...original);
  const keyed = original.map((row) => [numberOrText(row.cells[column]), row]);
  const known = keyed.filter(([key]) => key !== null).sort(([a], [b]) => direction * compare(a, b));
  table.tBodies[0].append(...known.map(([, row]) => row));  // rows without a value last
  table.tBodies[0].append(...keyed.filter(([key]) => key === null).map(([, row]) => row));
}

function setUpTable(table) {
  const original = [...table.tBodies[0].rows], headings = [...table.tHead.rows[0].cells];
  const section = table.closest("section"), field = section.querySelector("input[type=search]");
  const texts = new Map();  // of the rows, in lower case
  const view = { chosen: null, all: original.length <= FIRST_ROWS, show };
  function textOf(row) {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  }
  function show() {
    const words = field ? field.value.toLowerCase().split(/\s+/).filter(Boolean) : [];
    let count = 0;
    for (const row of table.tBodies[0].rows) {
      const kept = (!view.chosen || view.chosen.includes(row.dataset.runs)) && words.every((word) => textOf(row).includes(word));
      count += kept;
      row.hidden = !kept || (!view.all && count > FIRST_ROWS);
    }
    if (!field) return;
    const shown = view.all ? count : Math.min(count, FIRST_ROWS), more = section.querySelector(".more");
    section.querySelector(".tools output").textContent = `${shown < count ? `${shown} of ` : ""}${count} ${count === 1 ? "row" : "rows"}`;
    more.hidden = shown === count;
    more.textContent = `Show all ${count} rows`;
  }
  headings.forEach((heading, column) => heading.querySelector(".sort")?.addEventListener("click", () => {
    const direction = { ascending: -1, descending: 0 }[heading.getAttribute("aria-sort")] ?? 1;  // then as written
    headings.forEach((other) => other.removeAttribute("aria-sort"));
    if (direction) heading.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
    sortBy(table, column, direction, original);
    show();
  }));
  field?.addEventListener("input", show);
  section.querySelector(".more")?.addEventListener("click", () => { view.all = true; show(); });
  views[table.dataset.name] = view;
  show();
}

for (const table of document.querySelectorAll("table[data-name]")) setUpTable(table);
