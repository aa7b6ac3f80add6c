// An agent's page: the line of its P&L, and in its editor how it will look.
(() => {
  "use strict";
  const draw = async (box) => {
    const chart = FarmCharts.curve(box);
    const series = chart.addSeries(LightweightCharts.BaselineSeries, { lineWidth: 2, priceLineVisible: false, baseValue: { type: "price", price: 0 } });
    const paint = () => {
      const [gain, loss] = ["--tf-gain", "--tf-loss"].map(FarmCharts.token);
      FarmCharts.paintCurve(chart);
      series.applyOptions({
        topLineColor: gain, topFillColor1: `${gain}38`, topFillColor2: `${gain}08`,
        bottomLineColor: loss, bottomFillColor1: `${loss}08`, bottomFillColor2: `${loss}38`,
      });
    };
    document.addEventListener("theme-changed", paint);
    paint();

    const response = await fetch(box.dataset.source, { headers: { Accept: "application/json" } });
    if (!response.ok || response.redirected) return;
    const { points } = await response.json();
    series.setData(points.map(([time, total]) => ({ time, value: Number(total) })));
    FarmCharts.showAll(chart, points.length);
  };

  const preview = (form) => {
    const box = form.querySelector("[data-preview]");
    const name = box.querySelector("[data-preview-name]");
    const use = box.querySelector("use");
    form.addEventListener("input", ({ target }) => {
      if (target.name === "colour") box.className = `agent-preview agent-${target.value}`;
      if (target.name === "icon") use.setAttribute("href", `${form.dataset.icons}#${target.value}`);
      if (target.name === "name") name.textContent = target.value || "The new agent";
    });
  };

  const curve = document.getElementById("pnl-curve");
  if (curve) draw(curve);
  const form = document.querySelector("[data-agent-form]");
  if (form) preview(form);
})();
