// A price trigger on the chart: the price that it waits for, where it would have fired, and where it did.
(() => {
  "use strict";
  const box = document.getElementById("chart");
  if (!box) return;

  const EDGE = 30; // candles left of the screen below which older ones are asked for
  const SHOWN = matchMedia("(max-width: 600px)").matches ? 60 : 130; // candles in sight at first
  const RETRY_MS = 4000;
  const GATHER_MS = 1000; // firings may come several times a second
  const empty = document.getElementById("chart-empty");
  const legend = document.getElementById("chart-legend");
  const money = FarmCharts.prices(box.dataset.tick);

  const drawing = FarmCharts.create(box, { tick: box.dataset.tick });
  const { chart, candles, volume, markers } = drawing;
  const full = FarmCharts.label(drawing, box.dataset.zone, box.dataset.timeframe === "1d");
  const waits = chart.addSeries(LightweightCharts.LineSeries, {
    lineWidth: 1,
    lineType: LightweightCharts.LineType.WithSteps,
    priceLineVisible: false,
    crosshairMarkerVisible: false,
  });
  const COLUMNS = ["time", "open", "high", "low", "close", "volume", "line", "marks"];
  let loaded = null;
  let asking = null;
  let gathered = new Map();

  const address = (before) => {
    const query = new URLSearchParams({ symbol: box.dataset.symbol });
    if (before !== undefined) query.set("before", before);
    return `${box.dataset.source}?${query}`;
  };
  const show = () => {
    candles.setData(FarmCharts.rows(loaded.time, loaded));
    volume.setData(loaded.time.map((time, n) => ({ time, value: loaded.volume[n] })));
    waits.setData(FarmCharts.line(loaded.time, loaded.line));
    const marks = FarmCharts.gather(loaded.marks);
    gathered = new Map(marks.map((one) => [one.key, one]));
    markers.setMarkers(marks.map(FarmCharts.drawn));
    tell();
  };
  const older = async () => {
    const part = await FarmCharts.ask(address(loaded.time[0]));
    for (const name of COLUMNS) loaded[name] = [...part[name], ...loaded[name]];
    loaded.more = part.more;
    show();
  };
  // What the newest part says takes the place of what was there; older candles stay.
  const newest = async () => {
    const part = await FarmCharts.ask(address());
    const at = loaded.time.findIndex((time) => time >= part.time[0]);
    const kept = at < 0 ? loaded.time.length : at;
    const marks = loaded.marks.filter((one) => one.start < part.time[0]);
    for (const name of COLUMNS) loaded[name] = [...(name === "marks" ? marks : loaded[name].slice(0, kept)), ...part[name]];
    show();
  };
  const tell = (param) => {
    const row = param?.seriesData?.get(candles) ?? candles.data().at(-1);
    if (!row) return;
    const level = param?.seriesData?.get(waits) ?? waits.data().at(-1);
    const parts = [full(row.time), `O ${money(row.open)}`, `H ${money(row.high)}`, `L ${money(row.low)}`, `C ${money(row.close)}`];
    if (level?.value !== undefined) parts.push(`waits for ${money(level.value)}`);
    const marks = [...gathered.values()].filter((mark) => mark.start === row.time);
    legend.textContent = [...parts, ...marks.map(FarmCharts.wordsOf)].join("  ");
  };
  const begin = async () => {
    try {
      loaded = await FarmCharts.ask(address());
      show();
      const last = loaded.time.length;
      chart.timeScale().setVisibleLogicalRange({ from: last - SHOWN, to: last + 3 });
      empty.hidden = last > 0;
      empty.textContent = "No candle is complete yet. The chart begins with the first one.";
    } catch {
      empty.textContent = "The candles could not be loaded. Trying again; everything else on this page stays.";
      empty.hidden = false;
      setTimeout(begin, RETRY_MS);
    }
  };

  chart.timeScale().subscribeVisibleLogicalRangeChange((seen) => {
    if (!seen || !loaded?.more || seen.from >= EDGE || asking) return;
    asking = older()
      .catch(() => {})
      .finally(() => {
        asking = null;
      });
  });
  let fired = 0;
  let due = 0;
  const follow = () => {
    const count = document.getElementById("fresh-marks")?.childElementCount ?? 0;
    if (count === fired || due || !loaded) return;
    fired = count;
    due = setTimeout(async () => {
      while (asking) await asking;
      asking = newest()
        .catch(() => {})
        .finally(() => {
          asking = null;
          due = 0;
          follow(); // what fired meanwhile
        });
    }, GATHER_MS);
  };
  document.addEventListener("farm-live", follow);
  chart.subscribeCrosshairMove(tell);
  FarmCharts.leadOn(drawing, box, (key) => gathered.get(key));
  FarmCharts.steer(drawing, box);
  const paint = () => {
    FarmCharts.paint(drawing);
    waits.applyOptions({ color: FarmCharts.token("--tf-wait-mark") });
    if (loaded) show();
  };
  document.addEventListener("theme-changed", paint);
  paint();
  begin();
})();
