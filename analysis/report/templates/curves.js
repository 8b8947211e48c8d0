// Learning curves: two panels, training and validation, on the same axes. The chosen variants are drawn in color.
const COLORS = ["blue", "vermillion", "green", "purple", "orange", "sky", "brown"];  // the baseline has the text's
const SHAPES = ["M-3.5 0a3.5 3.5 0 1 0 7 0 3.5 3.5 0 1 0-7 0", "M-3-3H3V3H-3Z", "M0-4 4 3H-4Z", "M0 4 4-3H-4Z", "M0-4 4 0 0 4-4 0Z", "M-4 0H4M0-4V4", "M-3-3 3 3M3-3-3 3"];
const PANEL = { left: 52, right: 8, top: 24, bottom: 36, height: 320 };
const KINDS = [["training", "Training"], ["validation", "Validation"]];

const colorOf = (place, number) => (number === 0 ? "var(--text)" : `var(--${COLORS[(place + COLORS.length - 1) % COLORS.length]})`);
const shapeOf = (place) => SHAPES[place % SHAPES.length];
const dashOf = (place) => ["", "7 3", "2 3", "9 3 2 3"][Math.floor(place / COLORS.length) % 4];

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== "") element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function ticksOf(low, high, log, most = 6) {
  if (log) {
    for (const steps of [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 6, 8]]) {
      const ticks = [];
      for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade += 1) {
        ticks.push(...steps.map((step) => step * 10 ** decade).filter((tick) => tick >= low && tick <= high));
      }
      if (ticks.length >= 3) return ticks.filter((_, index) => index % Math.ceil(ticks.length / 8) === 0);
    }
  }
  const rough = (high - low) / most, decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * decade).find((size) => size >= rough);
  const first = Math.ceil(low / step - 1e-9), count = Math.floor(high / step + 1e-9) - first;
  return Array.from({ length: count + 1 }, (_, index) => (first + index) * step);
}

const written = (value) => String(parseFloat(value.toPrecision(5))).replace("-", "−");

function learningCurves({ variants, quantities }) {
  const boxes = [...document.querySelectorAll("[data-curve]")], plots = document.getElementById("plots");
  const shows = Object.fromEntries([...document.querySelectorAll("[data-show]")].map((box) => [box.dataset.show, box]));
  const from = document.getElementById("from"), to = document.getElementById("to"), cursor = document.getElementById("cursor");
  let quantity = quantities[0], panels = [], emphasized = null;

  const curvesOf = (place) => KINDS.map(([kind]) => quantity.curves[place][kind]);
  const everyCurve = () => variants.flatMap((_, place) => curvesOf(place)).filter(Boolean);
  const isChosen = (place) => boxes[place].checked;
  const epochs = () => everyCurve().flatMap((curve) => curve.epochs);

  // The limits hold all completed runs of all variants, chosen or not, so that the axes stay when the choice changes.
  function limits() {
    const values = [];
    for (const curve of everyCurve()) {
      const lines = curve.seeds.filter((seed) => seed.status === "completed").map((seed) => seed.values);
      for (const line of [curve.mean, ...lines]) {
        curve.epochs.forEach((epoch, index) => {
          if (line[index] !== null && epoch >= +from.value && epoch <= +to.value) values.push(line[index]);
        });
      }
    }
    const log = shows.log.checked, usable = values.filter((value) => !log || value > 0).sort((a, b) => a - b);
    if (!usable.length) return log ? [0.1, 10] : [0, 1];
    const low = usable[0], high = usable.at(-1);
    if (log) return [low / 1.1, high * 1.1];
    const edge = 0.04 * (high - low) || Math.abs(high) * 0.05 || 1;
    return [low - edge, high + edge];
  }

  function drawPanel(index, low, high) {
    const [, title] = KINDS[index], width = Math.max(240, plots.children[index].clientWidth), { left, top, height } = PANEL;
    const right = width - PANEL.right, bottom = height - PANEL.bottom, log = shows.log.checked;
    const on = log ? Math.log10 : (value) => value, span = Math.max(1e-9, to.value - from.value);
    const x = (epoch) => left + ((epoch - from.value) / span) * (right - left);
    const y = (value) => bottom - ((on(value) - on(low)) / (on(high) - on(low))) * (bottom - top);
    const scene = svg("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": `${title}: ${quantity.label} against the epoch` });
    scene.append(svg("text", { x: left, y: 14, class: "title" }, index === 0 ? `Training: ${quantity.label}` : `Validation: ${quantity.label}`));
    for (const tick of ticksOf(low, high, log)) {
      scene.append(svg("path", { class: "grid", d: `M${left} ${y(tick)}H${right}` }), svg("text", { class: "left", x: left - 6, y: y(tick) + 4 }, written(tick * quantity.scale)));
    }
    for (const tick of ticksOf(+from.value, +to.value, false, Math.max(2, Math.min(8, (right - left) / 60))).filter(Number.isInteger)) {
      scene.append(svg("text", { x: x(tick), y: bottom + 16 }, written(tick)));
    }
    scene.append(svg("text", { x: (left + right) / 2, y: height - 3 }, "Epoch"), svg("path", { class: "grid", d: `M${left} ${bottom}H${right}` }));
    const clip = svg("clipPath", { id: `clip-${index}` }, svg("rect", { x: left, y: top - 4, width: right - left, height: bottom - top + 8 }));
    const lines = svg("g", { "clip-path": `url(#clip-${index})` });
    scene.append(clip, lines);
    const path = (curve, values) => {
      let d = "", pen = "M";
      curve.epochs.forEach((epoch, place) => {
        const usable = values[place] !== null && (!log || values[place] > 0);
        if (usable) d += `${pen}${x(epoch).toFixed(1)} ${y(values[place]).toFixed(1)}`;
        pen = usable ? "L" : "M";
      });
      return d;
    };
    variants.forEach((_, place) => {
      const curve = curvesOf(place)[index];
      if (curve && !isChosen(place) && shows.others.checked) lines.append(svg("path", { class: "context", d: path(curve, curve.mean) }));
    });
    variants.forEach((variant, place) => {
      const curve = curvesOf(place)[index];
      if (!curve || !isChosen(place)) return;
      const stroke = colorOf(place, variant.number), group = svg("g", { class: emphasized !== null && emphasized !== place ? "dim" : "", "data-variant": place });
      if (shows.bands.checked && curve.low) {
        const back = { epochs: [...curve.epochs].reverse() };
        const d = path(curve, curve.high) + path(back, [...curve.low].reverse()).replace("M", "L");
        group.append(svg("path", { class: "band", style: `fill:${stroke}`, d }));
      }
      for (const seed of curve.seeds) {
        if (shows.seeds.checked) group.append(svg("path", { class: "thin", style: `stroke:${stroke}`, d: path(curve, seed.values) }));
        if (seed.status !== "diverged") continue;
        const last = seed.values.findLastIndex((value) => value !== null);
        const end = last < 0 ? [right, top] : [x(curve.epochs[last]), Math.max(top, y(Math.min(seed.values[last], high)))];
        group.append(svg("path", { class: "mean", style: `stroke:${stroke}`, d: `M${end[0] - 4} ${end[1] - 4}l8 8m0-8-8 8` }));
      }
      group.append(svg("path", { class: "mean", style: `stroke:${stroke}`, "stroke-dasharray": dashOf(place), d: path(curve, curve.mean) }));
      const step = Math.max(1, Math.ceil(curve.epochs.length / 8));
      curve.epochs.forEach((epoch, at) => {
        if ((at + place) % step || curve.mean[at] === null || (log && curve.mean[at] <= 0)) return;
        group.append(svg("path", { style: `stroke:${stroke};fill:${stroke}`, d: shapeOf(place), transform: `translate(${x(epoch)} ${y(curve.mean[at])})` }));
      });
      lines.append(group);
    });
    const line = svg("path", { class: "cursor" });
    lines.append(line);
    plots.children[index].replaceChildren(scene);
    return { scene, x, line, left, right, top, bottom, span };
  }

  function draw() {
    const [low, high] = limits();
    panels = KINDS.map((_, index) => drawPanel(index, low, high));
    cursor.min = from.value;
    cursor.max = to.value;
    readOut();
  }

  // The values at the epoch of the cursor, of the chosen variants.
  function readOut() {
    const epoch = +cursor.value;
    document.getElementById("epoch").textContent = epoch;
    for (const { line, x, top, bottom } of panels) line.setAttribute("d", `M${x(epoch)} ${top}V${bottom}`);
    const text = (curve) => {
      const at = curve ? curve.epochs.reduce((best, one, index) => (Math.abs(one - epoch) < Math.abs(curve.epochs[best] - epoch) ? index : best), 0) : -1;
      if (at < 0 || curve.mean[at] === null) return "—";
      const shown = (value) => (value * quantity.scale).toPrecision(4).replace("-", "−");
      return shown(curve.mean[at]) + (curve.low && curve.low[at] !== null ? ` [${shown(curve.low[at])}, ${shown(curve.high[at])}]` : "");
    };
    document.querySelector("#values tbody").replaceChildren(...variants.flatMap((variant, place) => {
      if (!isChosen(place)) return [];
      const row = document.createElement("tr");
      row.append(...[variant.label, ...curvesOf(place).map(text)].map((content, column) => {
        const cell = document.createElement("td");
        cell.className = column ? "numeric" : "";
        cell.textContent = content;
        return cell;
      }));
      row.cells[0].prepend(swatch(place));
      return [row];
    }));
  }

  function swatch(place) {
    const color = colorOf(place, variants[place].number);
    return svg("svg", { class: "mark", width: 30, height: 12, viewBox: "-15 -6 30 12", "aria-hidden": "true" },
      svg("path", { style: `stroke:${color}`, "stroke-width": 2.2, "stroke-dasharray": dashOf(place), d: "M-15 0H15" }),
      svg("path", { style: `stroke:${color};fill:${color}`, d: shapeOf(place) }));
  }

  function zoom(first, last) {
    [from.value, to.value] = [first, last];
    draw();
  }

  function choose(index) {
    quantity = quantities[index];
    shows.log.checked = quantity.log;
    const known = epochs(), first = Math.min(...known), last = Math.max(...known);
    for (const field of [from, to]) [field.min, field.max] = [first, last];
    cursor.min = first;
    cursor.max = last;
    cursor.value = last;
    zoom(first, last);
  }

  // Drag across a panel to zoom; move over it to read values.
  function follow(index) {
    let start = null, selection = null;
    const epochAt = (event) => {
      const { scene, left, right, span } = panels[index], place = event.clientX - scene.getBoundingClientRect().left;
      return Math.round(+from.value + (Math.max(0, Math.min(1, (place - left) / (right - left)))) * span);
    };
    plots.children[index].addEventListener("pointerdown", (event) => {
      if (event.button === 0 && event.pointerType === "mouse") start = epochAt(event);
    });
    plots.children[index].addEventListener("pointermove", (event) => {
      const now = epochAt(event), { scene, x, top, bottom } = panels[index];
      cursor.value = now;
      readOut();
      selection?.remove();
      if (start === null) return;
      selection = svg("rect", { class: "selection", x: Math.min(x(start), x(now)), y: top, width: Math.abs(x(now) - x(start)), height: bottom - top });
      scene.append(selection);
    });
    addEventListener("pointerup", (event) => {
      if (start === null) return;
      const ends = [start, epochAt(event)].sort((a, b) => a - b);
      start = null;
      selection?.remove();
      if (ends[1] > ends[0]) zoom(...ends);
    });
    plots.children[index].addEventListener("dblclick", () => choose(quantities.indexOf(quantity)));
  }

  plots.append(...KINDS.map(() => document.createElement("div")));
  boxes.forEach((box, place) => {
    box.after(swatch(place));
    box.addEventListener("change", draw);
    for (const [event, value] of [["pointerenter", place], ["pointerleave", null]]) {
      box.parentElement.addEventListener(event, () => { emphasized = value !== null && isChosen(value) ? value : null; draw(); });
    }
  });
  for (const box of Object.values(shows)) box.addEventListener("change", draw);
  for (const button of document.querySelectorAll("input[name=quantity]")) button.addEventListener("change", () => choose(+button.value));
  for (const field of [from, to]) field.addEventListener("change", () => { if (+from.value < +to.value) draw(); });
  document.getElementById("reset").addEventListener("click", () => choose(quantities.indexOf(quantity)));
  cursor.addEventListener("input", readOut);
  KINDS.forEach((_, index) => follow(index));
  choose(0);
  let width = plots.clientWidth;
  new ResizeObserver(() => { if (plots.clientWidth !== width) { width = plots.clientWidth; draw(); } }).observe(plots);
}

const curveData = document.getElementById("curve-data");  // none for studies of one epoch
if (curveData) learningCurves(JSON.parse(curveData.textContent));
