// Performance: a curve of days, and below it how far it was under its high.
(() => {
  "use strict";
  const box = document.getElementById("performance-curve");
  if (!box) return;

  const isPnl = box.dataset.look === "pnl"; // money around zero, else what there is
  const chart = FarmCharts.curve(box);
  const quiet = { lineWidth: 2, priceLineVisible: false };
  const main = isPnl
    ? chart.addSeries(LightweightCharts.BaselineSeries, { ...quiet, baseValue: { type: "price", price: 0 } })
    : chart.addSeries(LightweightCharts.AreaSeries, quiet);
  const below = chart.addSeries(
    LightweightCharts.BaselineSeries,
    { ...quiet, lineWidth: 1, lastValueVisible: false, baseValue: { type: "price", price: 0 } },
    1,
  );
  const [above, under] = chart.panes();
  above.setStretchFactor(3);
  under.setStretchFactor(1);
  // The fall begins at the top of its pane and reaches its bottom.
  below.priceScale().applyOptions({ scaleMargins: { top: 0.06, bottom: 0.1 } });
  let days = 0;
  const points = [];

  const paint = () => {
    const [gain, loss, accent, line] = ["--tf-gain", "--tf-loss", "--tf-accent", "--tf-line"].map(FarmCharts.token);
    FarmCharts.paintCurve(chart);
    chart.applyOptions({ layout: { panes: { enableResize: false, separatorColor: line } } });
    const falls = { bottomLineColor: loss, bottomFillColor1: `${loss}10`, bottomFillColor2: `${loss}50` };
    const rises = { topLineColor: gain, topFillColor1: `${gain}38`, topFillColor2: `${gain}08` };
    main.applyOptions(isPnl ? { ...rises, ...falls } : { lineColor: accent, topColor: `${accent}38`, bottomColor: `${accent}00` });
    below.applyOptions({ ...falls, topLineColor: loss });
  };
  const range = () => {
    if (!days || points.length <= 1) {
      FarmCharts.showAll(chart, points.length);
      return;
    }
    const last = points.at(-1)[0];
    const first = points.find(([time]) => time >= last - days * 86400)[0];
    chart.timeScale().setVisibleRange({ from: first, to: last });
  };
  const load = async () => {
    const found = await FarmCharts.ask(box.dataset.source);
    points.push(...found.points);
    main.setData(points.map(([time, value]) => ({ time, value: Number(value) })));
    below.setData(points.map(([time, , fallen]) => ({ time, value: -100 * Number(fallen) })));
    range();
  };

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
  load().catch(() => {
    box.hidden = true;
    document.getElementById("performance-problem").hidden = false;
  });
})();
