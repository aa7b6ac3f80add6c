// An agent's page: the line of its P&L, and in its editor how it will look.
(() => {
  "use strict";
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const draw = async (box) => {
    const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    const day = new Intl.DateTimeFormat("en-GB", { timeZone: box.dataset.zone, day: "numeric", month: "short", year: "numeric" });
    const chart = LightweightCharts.createChart(box, {
      autoSize: true,
      layout: { attributionLogo: false, fontFamily: token("--tf-font"), fontSize: 11 },
      localization: { priceFormatter: (price) => money.format(price), timeFormatter: (time) => day.format(time * 1000) },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.14, bottom: 0.1 } },
      timeScale: { borderVisible: false, rightOffset: 2, lockVisibleTimeRangeOnResize: true, minBarSpacing: 0.02 }, // years in a narrow card
      handleScroll: { mouseWheel: false, vertTouchDrag: false },
      handleScale: { mouseWheel: false },
    });
    const series = chart.addSeries(LightweightCharts.BaselineSeries, { lineWidth: 2, priceLineVisible: false, baseValue: { type: "price", price: 0 } });
    const paint = () => {
      const [gain, loss] = [token("--tf-gain"), token("--tf-loss")];
      chart.applyOptions({
        layout: { background: { color: "transparent" }, textColor: token("--tf-muted") },
        grid: { vertLines: { visible: false }, horzLines: { color: token("--tf-line") } },
        crosshair: { vertLine: { color: token("--tf-muted") }, horzLine: { color: token("--tf-muted") } },
      });
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
    chart.timeScale().setVisibleLogicalRange({ from: -0.5 - points.length / 32, to: points.length + 1.5 });
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
