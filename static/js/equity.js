// The equity curve: drawn once, continued with what is new, in the colours of the current look.
(() => {
  "use strict";
  const box = document.getElementById("curve");
  if (!box) return;

  const MARKED_DAYS = 180; // with more days in sight, marks would hide the curve
  const PAUSE_MS = 2000;
  const empty = document.getElementById("curve-empty");
  const note = document.getElementById("fills-note");
  const chart = FarmCharts.curve(box);
  const series = chart.addSeries(LightweightCharts.AreaSeries, { lineWidth: 2, priceLineVisible: false });
  const markers = LightweightCharts.createSeriesMarkers(series, []);

  const points = [];
  const fills = [];
  let days = 0;

  const paint = () => {
    const accent = FarmCharts.token("--tf-accent");
    FarmCharts.paintCurve(chart);
    series.applyOptions({ lineColor: accent, topColor: `${accent}38`, bottomColor: `${accent}00` });
    mark();
  };
  const firstAtOrAfter = (time) => {
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (points[middle].time < time) low = middle + 1;
      else high = middle;
    }
    return points[low]?.time;
  };
  const mark = () => {
    const seen = chart.timeScale().getVisibleLogicalRange();
    const many = seen ? seen.to - seen.from > MARKED_DAYS : points.length > MARKED_DAYS;
    note.textContent = many && fills.length ? " (marked from 3M on)" : "";
    markers.setMarkers(many ? [] : marks());
  };
  const marks = () => {
    const one = new Map(); // a day and side is marked once, with how many fills it stands for
    for (const [time, side] of fills) {
      const at = firstAtOrAfter(time);
      if (at === undefined) continue;
      const key = `${at} ${side}`;
      one.set(key, { at, side, count: (one.get(key)?.count ?? 0) + 1 });
    }
    return [...one.values()]
      .sort((a, b) => a.at - b.at)
      .map(({ at, side, count }) => ({
        time: at,
        position: side === "buy" ? "belowBar" : "aboveBar",
        shape: side === "buy" ? "arrowUp" : "arrowDown",
        color: FarmCharts.token(side === "buy" ? "--tf-gain" : "--tf-loss"),
        text: count > 1 ? String(count) : "",
        size: 0.8,
      }));
  };
  const range = () => {
    if (!days || points.length <= 1) {
      FarmCharts.showAll(chart, points.length);
    } else {
      const last = points.at(-1).time;
      const first = Math.max(points[0].time, last - days * 86400);
      chart.timeScale().setVisibleRange({ from: firstAtOrAfter(first), to: last });
    }
    mark();
  };
  const add = ({ points: more, fills: moreFills }) => {
    fills.push(...moreFills);
    const fresh = more.map(([time, equity]) => ({ time, value: Number(equity) }));
    const isFirst = points.length === 0;
    points.push(...fresh);
    if (isFirst) series.setData(points);
    else for (const point of fresh) series.update(point);
    empty.hidden = points.length > 0;
    if (fresh.length) range();
  };

  // Snapshots and fills are asked for after the newest snapshot; a fill later than it comes again.
  const load = async () => {
    const last = points.at(-1)?.time;
    const address = last === undefined ? box.dataset.source : `${box.dataset.source}?after=${last}`;
    const response = await fetch(address, { headers: { Accept: "application/json" } });
    if (!response.ok || response.redirected) return;
    const found = await response.json();
    const until = found.points.at(-1)?.[0] ?? last ?? 0;
    add({ points: found.points, fills: found.fills.filter(([time]) => time <= until) });
  };
  // Asked again when something happened, at most every two seconds.
  let asking = false;
  let again = false;
  const follow = async () => {
    again = asking || document.hidden;
    if (again) return;
    asking = true;
    try {
      await load();
    } catch {
      // The bar above says that nobody answers; what happens next asks again.
    }
    setTimeout(() => {
      asking = false;
      if (again) follow();
    }, PAUSE_MS);
  };
  document.addEventListener("farm-live", follow);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) follow();
  });

  for (const button of document.querySelectorAll("[data-range]")) {
    button.addEventListener("click", () => {
      days = Number(button.dataset.range);
      for (const other of document.querySelectorAll("[data-range]")) {
        other.setAttribute("aria-pressed", String(other === button));
      }
      range();
    });
  }
  document.addEventListener("theme-changed", paint);
  paint();
  follow();
})();
