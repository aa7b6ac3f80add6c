// An instrument's chart: candles with volume, indicators, marks and price lines; older candles come when one scrolls to them.
(() => {
  "use strict";
  const box = document.getElementById("chart");
  if (!box) return;

  const EDGE = 30; // candles left of the screen below which older ones are asked for
  const MARKED = 320; // with more candles in sight, marks would hide them
  const REFRESH_MS = 5000; // at most so often are indicators and marks asked for anew
  const RETRY_MS = 4000;
  const COLOURS = {
    "sma20 line": "--agent-azure",
    "sma50 line": "--agent-orange",
    "ema20 line": "--agent-purple",
    "bollinger upper": "--agent-teal",
    "bollinger middle": "--agent-teal",
    "bollinger lower": "--agent-teal",
    "rsi line": "--agent-indigo",
    "macd line": "--agent-blue",
    "macd signal": "--agent-orange",
    "macd histogram": "--tf-line-strong",
  };
  const empty = document.getElementById("chart-empty");
  const legend = document.getElementById("chart-legend");
  const live = document.getElementById("main");
  const choices = [...document.querySelectorAll("#studies input")];
  const { ask, token } = FarmCharts;
  const money = FarmCharts.prices(box.dataset.tick);
  const whole = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

  const drawing = FarmCharts.create(box, { tick: box.dataset.tick });
  const { chart, candles, volume, markers } = drawing;
  let timeframe = box.dataset.timeframe;
  let days = 183; // as the page's buttons say; on a narrow screen fewer, so that candles can be told apart
  let said = String;
  let loaded; // columns, studies and marks so far
  let asking = null;
  let lines = []; // series of indicators
  let levels = []; // price lines of the position
  let gathered = new Map();

  // What is asked for.
  const chosen = () => choices.filter((one) => one.checked);
  const address = (before) => {
    const query = new URLSearchParams({ timeframe, feed: box.dataset.feed });
    for (const one of chosen()) query.append("studies", one.value);
    if (before !== undefined) query.set("before", before);
    return `${box.dataset.source}?${query}`;
  };
  const nothing = () => ({ time: [], open: [], high: [], low: [], close: [], volume: [], studies: {}, marks: [], more: true, running: null });
  const COLUMNS = ["time", "open", "high", "low", "close", "volume"];
  const joined = (older, newer) => {
    const whole = { ...newer, more: older.more, studies: {} };
    for (const name of COLUMNS) whole[name] = [...older[name], ...newer[name]];
    for (const [study, columns] of Object.entries(newer.studies)) {
      whole.studies[study] = {};
      for (const [name, values] of Object.entries(columns)) {
        const before = older.studies[study]?.[name] ?? older.time.map(() => null);
        whole.studies[study][name] = [...before, ...values];
      }
    }
    whole.marks = [...older.marks, ...newer.marks];
    return whole;
  };
  // Everything before a time: what a newer answer does not bring again.
  const until = (part, time) => {
    const place = part.time.findIndex((at) => at >= time);
    const end = place < 0 ? part.time.length : place;
    const kept = { ...part, studies: {} };
    for (const name of COLUMNS) kept[name] = part[name].slice(0, end);
    for (const [study, columns] of Object.entries(part.studies)) {
      kept.studies[study] = {};
      for (const [name, values] of Object.entries(columns)) kept.studies[study][name] = values.slice(0, end);
    }
    kept.marks = part.marks.filter((mark) => mark.start < time);
    return kept;
  };
  const once = (work) => {
    asking ??= work().finally(() => {
      asking = null;
    });
    return asking;
  };
  const older = () =>
    once(async () => {
      const part = await ask(address(loaded.time[0]));
      loaded = joined(part, loaded);
      show();
    });
  const newest = () =>
    once(async () => {
      const part = await ask(address());
      const kept = until(loaded, part.time[0] ?? Infinity);
      loaded = kept.time.length ? joined(kept, part) : part;
      show();
    });
  // What is being asked for belongs to what was loaded before; it must have come before all is asked anew.
  const quiet = async () => {
    while (asking) await asking.catch(() => {});
  };
  let wanted = 0;
  const anew = async () => {
    wanted += 1;
    const mine = wanted;
    await quiet();
    if (mine !== wanted) return;
    const seen = chart.timeScale().getVisibleRange();
    loaded = nothing();
    await newest();
    while (mine === wanted && seen && loaded.more && loaded.time[0] > seen.from) await older();
  };
  const begin = async () => {
    await quiet();
    loaded = nothing();
    said = FarmCharts.label(drawing, box.dataset.zone, timeframe === "1d");
    try {
      await newest();
      await range();
      empty.hidden = loaded.time.length > 0 || loaded.running !== null;
      empty.textContent = "No candle is complete yet. The chart begins with the first one.";
    } catch {
      empty.textContent = "The candles could not be loaded. Trying again; everything else on this page stays.";
      empty.hidden = false;
      setTimeout(begin, RETRY_MS);
    }
  };

  // What is shown.
  const candleRows = () => {
    const rows = FarmCharts.rows(loaded.time, loaded);
    const running = loaded.running;
    if (running && running.start > (loaded.time.at(-1) ?? 0)) rows.push({ ...running, time: running.start });
    return rows;
  };
  const volumeRows = () => {
    const rows = loaded.time.map((time, n) => ({ time, value: loaded.volume[n] }));
    const running = loaded.running;
    if (running && running.start > (loaded.time.at(-1) ?? 0)) rows.push({ time: running.start, value: running.volume });
    return rows;
  };
  const show = () => {
    candles.setData(candleRows());
    volume.setData(volumeRows());
    showStudies();
    mark();
    showLevels();
    tell();
  };
  const paneOf = (pane) => {
    const below = ["rsi", "macd"].filter((name) => chosen().some((one) => one.dataset.pane === name));
    return pane === "price" ? 0 : below.indexOf(pane) + 1;
  };
  const showStudies = () => {
    for (const { series } of lines) chart.removeSeries(series);
    lines = [];
    for (const one of chosen()) {
      const columns = loaded.studies[one.value] ?? {};
      for (const [name, values] of Object.entries(columns)) lines.push(studyLine(one, name, values));
    }
    const panes = chart.panes();
    panes.forEach((pane, n) => pane.setStretchFactor(n === 0 ? 4 : 1));
    box.classList.toggle("chart-tall", panes.length > 1);
  };
  const studyLine = (one, name, values) => {
    const isHistogram = name === "histogram";
    const colour = token(COLOURS[`${one.value} ${name}`]);
    const kind = isHistogram ? LightweightCharts.HistogramSeries : LightweightCharts.LineSeries;
    const look = { color: colour, lineWidth: 1, priceLineVisible: false, lastValueVisible: one.dataset.pane !== "price" && !isHistogram, crosshairMarkerVisible: false, title: one.dataset.pane !== "price" && name === "line" ? one.dataset.label.split(" ")[0] : "" };
    const series = chart.addSeries(kind, look, paneOf(one.dataset.pane));
    series.setData(FarmCharts.line(loaded.time, values));
    if (one.value === "rsi") for (const price of [30, 70]) series.createPriceLine({ price, color: token("--tf-line-strong"), lineWidth: 1, lineStyle: 2, axisLabelVisible: false });
    const label = name === "line" ? one.dataset.label : `${one.dataset.label} ${name}`;
    return { series, label, isTold: !isHistogram && name !== "middle" };
  };
  const mark = () => {
    const seen = chart.timeScale().getVisibleLogicalRange();
    const isWide = seen !== null && seen.to - seen.from > MARKED;
    const marks = FarmCharts.gather(loaded.marks.filter((one) => !isWide || one.kind === "split"));
    gathered = new Map(marks.map((one) => [one.key, one]));
    markers.setMarkers(marks.map(FarmCharts.drawn));
  };
  const showLevels = () => {
    for (const level of levels) candles.removePriceLine(level);
    const { cost, stop, target } = document.getElementById("market-position")?.dataset ?? {};
    const wanted = [
      ["cost", cost, "--tf-muted", 2],
      ["stop", stop, "--tf-loss", 0],
      ["target", target, "--tf-gain", 0],
    ];
    levels = wanted
      .filter(([, price]) => price)
      .map(([title, price, colour, lineStyle]) =>
        candles.createPriceLine({ title, price: Number(price), color: token(colour), lineWidth: 1, lineStyle, axisLabelVisible: true }),
      );
  };
  const tell = (param) => {
    const row = param?.seriesData?.get(candles) ?? candles.data().at(-1);
    if (!row) return;
    const traded = param?.seriesData?.get(volume) ?? volume.data().at(-1);
    const parts = [said(row.time), `O ${money(row.open)}`, `H ${money(row.high)}`, `L ${money(row.low)}`, `C ${money(row.close)}`];
    if (traded) parts.push(`V ${whole.format(traded.value)}`);
    for (const { series, label } of lines.filter((one) => one.isTold)) {
      const at = param?.seriesData?.get(series) ?? series.data().at(-1);
      if (at?.value !== undefined) parts.push(`${label} ${money(at.value)}`);
    }
    const under = gathered.get(param?.hoveredObjectId);
    if (under) parts.push(FarmCharts.wordsOf(under));
    legend.textContent = parts.join("  ");
  };

  // How much of it is in sight.
  const range = async () => {
    const last = loaded.running?.start ?? loaded.time.at(-1);
    if (last === undefined) return;
    const first = last - days * 86400;
    while (loaded.more && loaded.time[0] > first) await older();
    const from = Math.max(0, loaded.time.findIndex((time) => time >= first));
    chart.timeScale().setVisibleLogicalRange({ from: from - 0.5, to: candles.data().length + 3 });
  };
  chart.timeScale().subscribeVisibleLogicalRangeChange((seen) => {
    if (!seen || !loaded) return;
    mark();
    if (seen.from < EDGE && loaded.more && loaded.time.length && !asking) older().catch(() => {});
  });
  chart.subscribeCrosshairMove(tell);
  FarmCharts.leadOn(drawing, box, (key) => gathered.get(key));
  FarmCharts.steer(drawing, box);

  // What is pressed.
  const press = (buttons, pressed) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button === pressed));
  };
  const keep = () => {
    const query = new URLSearchParams(location.search);
    query.delete("studies");
    for (const one of chosen()) query.append("studies", one.value);
    query.set("timeframe", timeframe);
    history.replaceState(null, "", `${location.pathname}?${query}`);
  };
  const ranges = [...document.querySelectorAll("[data-days]")];
  for (const button of ranges) {
    button.addEventListener("click", () => {
      days = Number(button.dataset.days);
      press(ranges, button);
      range().catch(() => {});
    });
  }
  if (matchMedia("(max-width: 600px)").matches) {
    const narrow = ranges.find((button) => "narrow" in button.dataset);
    days = Number(narrow.dataset.days);
    press(ranges, narrow);
  }
  const frames = [...document.querySelectorAll("button[data-timeframe]")];
  for (const button of frames) {
    button.addEventListener("click", () => {
      timeframe = button.dataset.timeframe;
      press(frames, button);
      keep();
      begin();
    });
  }
  for (const one of choices) {
    one.addEventListener("change", () => {
      keep();
      anew().catch(() => {});
    });
  }

  // What comes by itself: the page's newest price becomes the last candle.
  let refreshedAt = 0;
  const follow = () => {
    const { start, open, high, low, close, volume: traded, timeframe: frame } = document.getElementById("quote")?.dataset ?? {};
    if (!loaded || start === undefined || frame !== timeframe) return;
    const running = { start: Number(start), open: Number(open), high: Number(high), low: Number(low), close: Number(close), volume: Number(traded) };
    const last = candles.data().at(-1)?.time ?? 0;
    if (running.start < last) return;
    const isNew = running.start > last;
    loaded.running = running;
    candles.update({ ...running, time: running.start });
    volume.update({ time: running.start, value: running.volume });
    tell();
    if (isNew && Date.now() - refreshedAt > REFRESH_MS && !asking) {
      refreshedAt = Date.now();
      newest().catch(() => {});
    }
  };
  new MutationObserver(() => {
    follow();
    showLevels();
  }).observe(live, { subtree: true, attributes: true, attributeFilter: ["data-close", "data-start", "data-stop", "data-target", "data-cost"] });

  const paint = () => {
    FarmCharts.paint(drawing);
    if (loaded) show();
  };
  document.addEventListener("theme-changed", paint);
  FarmCharts.paint(drawing);
  begin();
})();
