"use strict";
(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const narrow = window.matchMedia("(max-width: 640px)");
  const source = document.getElementById("figures");
  const figures = source ? JSON.parse(source.textContent) : [];
  const drawn = new Set();

  // "@name" is a colour of the theme, "@name/0.2" the same with that opacity
  function colour(token, style) {
    const [name, opacity] = token.slice(1).split("/");
    const value = style.getPropertyValue("--" + name).trim();
    if (!opacity) return value;
    const part = (from) => parseInt(value.slice(from, from + 2), 16);
    return `rgba(${part(1)},${part(3)},${part(5)},${opacity})`;
  }

  function themed(value, style) {
    if (typeof value === "string") return value.startsWith("@") ? colour(value, style) : value;
    if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map((item) => themed(item, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, themed(item, style)]));
    }
    return value;
  }

  function laidOut(layout, style) {
    const ink = style.getPropertyValue("--ink").trim();
    const muted = style.getPropertyValue("--muted").trim();
    const card = style.getPropertyValue("--card").trim();
    const line = style.getPropertyValue("--line").trim();
    const small = narrow.matches;
    const result = Object.assign({
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", autosize: true,
      font: { family: "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif", size: small ? 11 : 12, color: muted },
      margin: { l: small ? 46 : 58, r: small ? 8 : 16, t: 10, b: 36 },
      hoverlabel: { bgcolor: card, bordercolor: line, font: { color: ink, size: 12 } },
      legend: { orientation: "h", x: 0, xanchor: "left", y: 1.01, yanchor: "bottom", font: { color: ink } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: muted, activecolor: ink },
      dragmode: small ? false : "zoom",
    }, themed(layout, style));
    for (const key of Object.keys(result)) {
      if (!/^[xy]axis\d*$/.test(key)) continue;
      const axis = result[key];
      result[key] = Object.assign({ gridcolor: colour("@grid", style), linecolor: line, zerolinecolor: line, automargin: true }, axis);
      if (small && axis.title && key.startsWith("y")) result[key].title = { ...axis.title, font: { size: 10 } };
    }
    return result;
  }

  function draw(element) {
    const figure = figures[Number(element.dataset.figure)];
    const style = getComputedStyle(document.documentElement);
    drawn.add(element);
    Plotly.react(element, themed(figure.data, style), laidOut(figure.layout, style), {
      displaylogo: false, showSendToCloud: false, responsive: true, displayModeBar: narrow.matches || element.closest(".gallery") ? false : "hover",
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "sendChartToCloud"],
    });
  }

  function redraw() { drawn.forEach(draw); }

  const elements = Array.from(document.querySelectorAll("[data-figure]"));
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "600px" });
  elements.forEach((element) => near.observe(element));
  dark.addEventListener("change", redraw);
  narrow.addEventListener("change", redraw);
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
    elements.filter((element) => !drawn.has(element)).forEach(draw);
  });

  function sortBy(heading) {
    const table = heading.closest("table");
    const index = heading.cellIndex;
    const first = heading.classList.contains("number") ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const order = heading.getAttribute("aria-sort") === first ? other : first;
    table.querySelectorAll("th").forEach((cell) => cell.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", order);
    const sign = order === "ascending" ? 1 : -1;
    const body = table.tBodies[0];
    const key = (row) => row.cells[index].dataset.order;
    Array.from(body.rows).sort((a, b) => sign * (key(a) === undefined || key(b) === undefined
      ? a.cells[index].textContent.localeCompare(b.cells[index].textContent, "en", { numeric: true })
      : Number(key(a)) - Number(key(b)))).forEach((row) => body.appendChild(row));
  }
  document.querySelectorAll("th button").forEach((button) => {
    button.addEventListener("click", () => sortBy(button.closest("th")));
  });
})();
