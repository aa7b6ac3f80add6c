// What the charts share: colours from the page's tokens, times in the account's zone, marks that lead on.
window.FarmCharts = (() => {
  "use strict";
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // A daily candle is stamped with the midnight in UTC of its session's date: that date is its
  // label everywhere. Shorter ones are moments and are shown in the account's zone.
  const times = (zone, isDaily) => {
    const format = (options) => {
      const formatter = new Intl.DateTimeFormat("en-GB", { timeZone: isDaily ? "UTC" : zone, ...options });
      return (time) => formatter.format(time * 1000);
    };
    const date = { day: "numeric", month: "short", year: "numeric" };
    const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    const ticks = [{ year: "numeric" }, { month: "short" }, { day: "numeric" }, clock, clock].map(format);
    return { full: format(isDaily ? date : { ...date, ...clock }), tick: (time, kind) => ticks[kind](time) };
  };
  const prices = (tick) => {
    const places = (String(tick).split(".")[1] ?? "").length;
    const formatter = new Intl.NumberFormat("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
    return (price) => formatter.format(price);
  };

  const create = (box, { tick }) => {
    const chart = LightweightCharts.createChart(box, {
      autoSize: true,
      // The library's own mark brings an inline style, which the page's policy refuses: the page links itself.
      layout: { attributionLogo: false, fontFamily: token("--tf-font"), fontSize: 11, panes: { enableResize: false } },
      localization: { priceFormatter: prices("0.01") },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.08, bottom: 0.22 } },
      timeScale: { borderVisible: false, rightOffset: 4, minBarSpacing: 0.4 },
      crosshair: { mode: LightweightCharts.CrosshairMode.Normal },
    });
    // The scale reaches below zero where it makes room for the volume; no price does.
    const price = prices(tick);
    const priceFormat = { type: "custom", minMove: Number(tick), formatter: (value) => (value < 0 ? "" : price(value)) };
    const candles = chart.addSeries(LightweightCharts.CandlestickSeries, { borderVisible: false, priceFormat });
    const volume = chart.addSeries(LightweightCharts.HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "volume" },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    return { chart, candles, volume, markers: LightweightCharts.createSeriesMarkers(candles, []) };
  };
  // A line of money over days, which scrolls and zooms by touch alone.
  const curve = (box) => {
    const money = prices("0.01");
    const day = new Intl.DateTimeFormat("en-GB", { timeZone: box.dataset.zone, day: "numeric", month: "short", year: "numeric" });
    return LightweightCharts.createChart(box, {
      autoSize: true,
      layout: { attributionLogo: false, fontFamily: token("--tf-font"), fontSize: 11 },
      localization: { priceFormatter: money, timeFormatter: (time) => day.format(time * 1000) },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.14, bottom: 0.1 } },
      timeScale: { borderVisible: false, rightOffset: 2, lockVisibleTimeRangeOnResize: true, minBarSpacing: 0.02 }, // years in a narrow card
      handleScroll: { mouseWheel: false, vertTouchDrag: false },
      handleScale: { mouseWheel: false },
    });
  };
  const paintCurve = (chart) =>
    chart.applyOptions({
      layout: { background: { color: "transparent" }, textColor: token("--tf-muted") },
      grid: { vertLines: { visible: false }, horzLines: { color: token("--tf-line") } },
      crosshair: { vertLine: { color: token("--tf-muted") }, horzLine: { color: token("--tf-muted") } },
    });
  // All of it, with room for the first date's label, which fitContent cuts in half.
  const showAll = (chart, count) =>
    chart.timeScale().setVisibleLogicalRange({ from: -0.5 - count / 32, to: count + 1.5 });
  const label = ({ chart }, zone, isDaily) => {
    const { full, tick } = times(zone, isDaily);
    chart.applyOptions({ localization: { timeFormatter: full }, timeScale: { timeVisible: !isDaily, tickMarkFormatter: tick } });
    return full;
  };
  const paint = ({ chart, candles, volume }) => {
    const [gain, loss, muted, line] = ["--tf-gain", "--tf-loss", "--tf-muted", "--tf-line"].map(token);
    chart.applyOptions({
      layout: { background: { color: "transparent" }, textColor: muted, panes: { separatorColor: line, separatorHoverColor: line } },
      grid: { vertLines: { visible: false }, horzLines: { color: line } },
      crosshair: {
        vertLine: { color: muted, labelBackgroundColor: token("--tf-soft") },
        horzLine: { color: muted, labelBackgroundColor: token("--tf-soft") },
      },
    });
    candles.applyOptions({ upColor: gain, downColor: loss, wickUpColor: gain, wickDownColor: loss });
    volume.applyOptions({ color: `${muted}55` });
  };

  // Rows of the library from the columns that the farm sends.
  const rows = (time, { open, high, low, close }) =>
    time.map((at, n) => ({ time: at, open: open[n], high: high[n], low: low[n], close: close[n] }));
  const line = (time, values) =>
    time.map((at, n) => (values[n] === null ? { time: at } : { time: at, value: values[n] }));

  // Marks at one candle and of one kind are drawn once, with how many they stand for.
  const LOOKS = {
    buy: { position: "belowBar", shape: "arrowUp", colour: "--tf-gain" },
    sell: { position: "aboveBar", shape: "arrowDown", colour: "--tf-loss" },
    firing: { position: "aboveBar", shape: "circle", colour: "--tf-accent" },
    refused: { position: "aboveBar", shape: "circle", colour: "--tf-muted" },
    would: { position: "belowBar", shape: "circle", colour: "--tf-wait-mark" },
    split: { position: "belowBar", shape: "square", colour: "--tf-muted" },
  };
  const gather = (marks) => {
    const gathered = new Map();
    for (const mark of marks) {
      const key = `${mark.start} ${mark.kind}`;
      const before = gathered.get(key);
      if (before) before.all.push(mark);
      else gathered.set(key, { ...mark, key, all: [mark] });
    }
    return [...gathered.values()].sort((a, b) => a.start - b.start);
  };
  const drawn = ({ start, kind, key, all }) => ({
    time: start,
    id: key,
    position: LOOKS[kind].position,
    shape: LOOKS[kind].shape,
    color: token(LOOKS[kind].colour),
    size: kind === "would" ? 0.6 : 0.9,
    text: all.length > 1 ? String(all.length) : "",
  });
  const wordsOf = (mark) => {
    const more = mark.all.length - 1;
    return more > 0 ? `${mark.all[0].words} and ${more} more` : mark.all[0].words;
  };
  // Pressing a mark opens the page that it leads to.
  const leadOn = ({ chart }, box, find) => {
    const under = (param) => (param.hoveredObjectId === undefined ? undefined : find(param.hoveredObjectId));
    chart.subscribeCrosshairMove((param) => {
      box.style.cursor = under(param)?.address ? "pointer" : "";
    });
    chart.subscribeClick((param) => {
      const address = under(param)?.address;
      if (address) location.assign(address);
    });
  };
  // Arrows move along, plus and minus zoom, Home goes to the newest candle.
  const steer = ({ chart }, box) => {
    box.addEventListener("keydown", (event) => {
      const scale = chart.timeScale();
      const seen = scale.getVisibleLogicalRange();
      if (!seen || event.ctrlKey || event.metaKey || event.altKey) return;
      const width = seen.to - seen.from;
      const moves = {
        ArrowLeft: [-width / 8, -width / 8],
        ArrowRight: [width / 8, width / 8],
        "+": [width / 8, 0],
        "-": [-width / 6, 0],
      };
      const move = moves[event.key];
      if (event.key === "Home") scale.scrollToRealTime();
      else if (move) scale.setVisibleLogicalRange({ from: seen.from + move[0], to: seen.to + move[1] });
      else return;
      event.preventDefault();
    });
  };
  const ask = async (address) => {
    const response = await fetch(address, { headers: { Accept: "application/json" } });
    if (!response.ok || response.redirected) throw new Error(`${response.status} from ${address}`);
    return response.json();
  };
  return { ask, create, curve, drawn, gather, label, leadOn, line, paint, paintCurve, prices, rows, showAll, steer, token, wordsOf };
})();
