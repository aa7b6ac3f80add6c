// The chart beside a story: what was known then, the price that was seen, and in grey what came since.
(() => {
  "use strict";
  const box = document.getElementById("moment-chart");
  if (!box) return;

  const empty = document.getElementById("moment-empty");
  const story = document.getElementById("story");
  const { ask, token } = FarmCharts;
  const LINES = { level: "--tf-wait-mark", stop: "--tf-loss", target: "--tf-gain" };
  const RETRY_MS = 4000;

  const drawing = FarmCharts.create(box, { tick: box.dataset.tick });
  const { chart, candles } = drawing;
  FarmCharts.label(drawing, box.dataset.zone, true);
  FarmCharts.steer(drawing, box);
  chart.priceScale("right").applyOptions({ scaleMargins: { top: 0.1, bottom: 0.1 } });
  chart.applyOptions({ handleScroll: { mouseWheel: false, vertTouchDrag: false }, handleScale: { mouseWheel: false } });
  const quiet = { lastValueVisible: false, priceLineVisible: false };
  // The scale shows every price that mattered, also where no candle went.
  const reach = (original) => {
    const found = original();
    if (!found?.priceRange || !loaded) return found;
    const prices = [...loaded.lines, ...loaded.marks].map(({ price }) => price);
    const { minValue, maxValue } = found.priceRange;
    return { ...found, priceRange: { minValue: Math.min(minValue, ...prices), maxValue: Math.max(maxValue, ...prices) } };
  };
  candles.applyOptions({ ...quiet, autoscaleInfoProvider: reach });
  const shade = chart.addSeries(LightweightCharts.AreaSeries, {
    ...quiet,
    priceScaleId: "shade",
    lineVisible: false,
    crosshairMarkerVisible: false,
    autoscaleInfoProvider: () => ({ priceRange: { minValue: 0, maxValue: 1 } }),
  });
  chart.priceScale("shade").applyOptions({ scaleMargins: { top: 0, bottom: 0 } });
  const later = chart.addSeries(LightweightCharts.CandlestickSeries, { ...quiet, borderVisible: false });
  // Marks need a point of a series at their time; a day that is still running has no candle.
  const anchor = chart.addSeries(LightweightCharts.LineSeries, { ...quiet, lineVisible: false, crosshairMarkerVisible: false });
  const markers = LightweightCharts.createSeriesMarkers(anchor, []);
  let lines = [];
  let loaded = null;

  const closes = ({ time, close }) => time.map((at, n) => [at, close[n]]);
  const points = ({ known, since, seen, marks }) => {
    const found = new Map([...closes(known), ...closes(since)]);
    for (const mark of marks) if (!found.has(mark.start)) found.set(mark.start, mark.price);
    if (seen && !found.has(seen[0])) found.set(seen[0], seen[1]);
    return [...found].sort((a, b) => a[0] - b[0]).map(([time, value]) => ({ time, value }));
  };
  const drawn = ({ seen, marks }) => {
    const found = marks.map((mark, n) => ({
      time: mark.start,
      id: String(n),
      price: mark.price,
      position: mark.kind === "buy" ? "atPriceBottom" : "atPriceTop",
      shape: mark.kind === "buy" ? "arrowUp" : "arrowDown",
      color: token(mark.kind === "buy" ? "--tf-gain" : "--tf-loss"),
    }));
    if (seen) {
      found.push({ time: seen[0], price: seen[1], position: "atPriceMiddle", shape: "circle", size: 0.6, color: token("--tf-accent") });
    }
    return found.sort((a, b) => a.time - b.time);
  };
  const paint = () => {
    FarmCharts.paint(drawing);
    const [grey, veil] = [`${token("--tf-muted")}8c`, `${token("--tf-muted")}1f`];
    later.applyOptions({ upColor: grey, downColor: grey, wickUpColor: grey, wickDownColor: grey });
    shade.applyOptions({ topColor: veil, bottomColor: veil });
    if (!loaded) return;
    const from = loaded.seen?.[0] ?? loaded.since.time[0] ?? Infinity;
    shade.setData(points(loaded).map(({ time }) => (time < from ? { time } : { time, value: 1 })));
    for (const line of lines) candles.removePriceLine(line);
    lines = loaded.lines.map(({ kind, price, words }) =>
      candles.createPriceLine({
        price,
        title: words,
        color: token(LINES[kind]),
        lineStyle: LightweightCharts.LineStyle.Dashed,
        lineWidth: 1,
        axisLabelVisible: false,
      }),
    );
    markers.setMarkers(drawn(loaded));
  };
  const show = (part) => {
    const isFirst = loaded === null;
    loaded = part;
    candles.setData(FarmCharts.rows(part.known.time, part.known));
    later.setData(FarmCharts.rows(part.since.time, part.since));
    anchor.setData(points(part));
    paint();
    if (isFirst) chart.timeScale().fitContent();
    const nothing = part.known.time.length + part.since.time.length === 0;
    empty.textContent = "No daily candles of this instrument are stored for these days.";
    empty.hidden = !nothing;
    box.hidden = nothing;
  };
  const load = async () => {
    try {
      show(await ask(box.dataset.source));
    } catch {
      empty.textContent = "The chart could not be loaded; trying again.";
      empty.hidden = false;
      setTimeout(load, RETRY_MS);
    }
  };
  FarmCharts.leadOn(drawing, box, (id) => loaded?.marks[Number(id)]);

  // A story that goes on says so on its list of steps: then there may be new levels and fills.
  new MutationObserver(load).observe(story, { attributes: true, attributeFilter: ["data-told"] });
  document.addEventListener("theme-changed", paint);
  paint();
  load();
})();
