"use strict";
// Shows the values of a plot where somebody points, or goes with the arrow keys. The page is whole without it.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  let open = null;

  function close() {
    if (open) {
      open.cursor.remove();
      open.box.remove();
      open = null;
    }
  }

  function lines(svg) {
    return svg.dataset.lines.split("\n").map((line) => {
      const [name, look, ...points] = line.split("|");
      return {
        name,
        look,
        points: points.map((point) => {
          const [x, y, over, value] = point.split(";");
          return { x: Number(x), y: Number(y), over, value };
        }),
      };
    });
  }

  function nearest(points, x) {
    return points.reduce((best, point) => (Math.abs(point.x - x) < Math.abs(best.x - x) ? point : best));
  }

  function show(svg, x) {
    const all = lines(svg);
    const longest = all.reduce((a, b) => (b.points.length > a.points.length ? b : a));
    const at = nearest(longest.points, x);
    close();
    const cursor = document.createElementNS(SVG, "path");
    cursor.setAttribute("class", "cursor");
    cursor.setAttribute("d", `M${at.x} 10V194`);
    svg.append(cursor);
    const box = document.createElement("div");
    box.className = "readout";
    box.setAttribute("role", "status");
    const list = document.createElement("ul");
    list.className = "legend";
    for (const line of all) {
      const point = nearest(line.points, at.x);
      const entry = document.createElement("li");
      entry.className = line.look;
      entry.textContent = (all.length > 1 ? line.name + " " : "") + point.value;
      list.append(entry);
    }
    const where = document.createElement("small");
    where.textContent = "epoch " + at.over;
    box.append(where, list);
    svg.parentElement.append(box);
    open = { svg, cursor, box, x: at.x, points: longest.points };
  }

  document.addEventListener("pointermove", (event) => {
    const svg = event.target.closest ? event.target.closest("svg[data-lines]") : null;
    if (!svg) {
      if (open && open.svg !== document.activeElement) close();
      return;
    }
    const frame = svg.getBoundingClientRect();
    show(svg, ((event.clientX - frame.left) / frame.width) * svg.viewBox.baseVal.width);
  });
  document.addEventListener("keydown", (event) => {
    const svg = document.activeElement;
    if (!svg || !svg.dataset || !svg.dataset.lines) return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") close();
    if (!by) return;
    event.preventDefault();
    if (!open || open.svg !== svg) {
      show(svg, by > 0 ? 0 : svg.viewBox.baseVal.width);
    } else {
      const i = open.points.findIndex((point) => point.x === open.x) + by;
      show(svg, open.points[Math.min(open.points.length - 1, Math.max(0, i))].x);
    }
  });
  document.addEventListener("focusout", close);
})();
