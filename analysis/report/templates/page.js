// From a number to its runs and back: #runs-3 lists the runs of variant 3 and of the baseline, variant 0.
const chosenRuns = document.getElementById("chosen-runs");
let origin = null;  // the row from which the runs were chosen

function chooseRuns(number) {
  views.runs.chosen = number === null ? null : [number, "0"];
  const field = document.querySelector("input[data-table=runs]");
  if (field) field.value = "";
  if (number !== null) views.runs.all = true;
  views.runs.show();
  chosenRuns.hidden = number === null;
  const first = document.getElementById(`runs-${number}`);
  if (!first) return;
  const name = first.cells[0].textContent;
  chosenRuns.querySelector("span").textContent = number === "0" ? `Runs of ${name}` : `Runs of ${name} and of the baseline`;
  origin ??= document.querySelector(`tr[data-number="${number}"]`);
  if (origin) chosenRuns.querySelector("a").href = `#${origin.closest("section").id}`;
  document.getElementById("runs").scrollIntoView();
  first.focus({ preventScroll: true });
  first.scrollIntoView({ block: "nearest" });
}

function follow(hash) {
  const match = hash.match(/^#runs-(\d+)$/);
  chooseRuns(match && document.getElementById(hash.slice(1)) ? match[1] : null);
}

function back() {
  if (!origin) return;
  const row = origin;
  origin = null;
  row.scrollIntoView({ block: "center" });
  row.querySelector("a").focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || !getSelection().isCollapsed) return;
  const row = event.target.closest("tr[data-number]"), link = event.target.closest("a");
  if (!row || (link && !link.hash.startsWith("#runs-"))) return;
  event.preventDefault();
  origin = row;
  history.pushState(null, "", `#runs-${row.dataset.number}`);
  follow(location.hash);
});
document.getElementById("back").addEventListener("click", (event) => {
  event.preventDefault();
  history.pushState(null, "", event.target.hash);
  follow(location.hash);
  back();
});
document.getElementById("all-runs").addEventListener("click", () => { chooseRuns(null); });
addEventListener("popstate", () => {
  follow(location.hash);
  if (chosenRuns.hidden) setTimeout(back);  // after the browser has scrolled to the fragment
});
if (location.hash) follow(location.hash);

// Explanations of columns, next to their button.
for (const button of document.querySelectorAll("[popovertarget]")) {
  const text = document.getElementById(button.getAttribute("popovertarget"));
  text.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    const place = button.getBoundingClientRect(), size = text.getBoundingClientRect();
    text.style.left = `${Math.max(8, Math.min(place.left, innerWidth - size.width - 8))}px`;
    text.style.top = `${place.bottom + size.height + 8 < innerHeight ? place.bottom + 6 : Math.max(8, place.top - size.height - 6)}px`;
  });
}

// Light or dark: as the system, unless chosen. A browser may refuse to remember it for a local file.
const themes = ["auto", "light", "dark"], themeButton = document.getElementById("theme");
function setTheme(name) {
  document.documentElement.dataset.theme = name;
  themeButton.textContent = `Theme: ${name}`;
}
function rememberedTheme() {
  try { return localStorage.getItem("ablate-theme"); } catch { return null; }
}
themeButton.addEventListener("click", () => {
  setTheme(themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % themes.length]);
  try { localStorage.setItem("ablate-theme", document.documentElement.dataset.theme); } catch { /* not remembered */ }
});
setTheme(themes.includes(rememberedTheme()) ? rememberedTheme() : "auto");
themeButton.hidden = false;

// Paper has no folded text.
addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("main > section > details")) part.open = true; });
