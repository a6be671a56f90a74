"use strict";
// Restates the page for other settings. Every sum is done as reports/weighing.py does it, in the same order, and every
// figure is written as reports/units.py writes it: to the digit what `wattbench compare` prints for these settings.
(() => {
  const data = JSON.parse(document.getElementById("what-if-data").textContent);
  const form = document.getElementById("what-if-form");
  const { basis, totals, constants, carbon, workload, verdict, texts, domains, systems } = data;
  const say = data.words.phrases, NONE = "–", KWH = 3600000;
  const range = (n) => [...Array(n).keys()];
  const D = domains.length, S = systems.length;

  // --- what the page carries, unpacked
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const draws = {};
  let R = 0;
  for (const [kind, { low, step, codes }] of Object.entries(data.draws)) {
    const own = new Uint16Array(bytes(codes));
    R = own.length / (D * S);
    draws[kind] = (r, d, s) => low[d][s] + own[(r * D + d) * S + s] * step[d][s];
  }
  const seconds = new Float32Array(bytes(data.latency.seconds));
  const grids = [];
  data.latency.lengths.reduce((at, length) => (grids.push(seconds.subarray(at, at + length)), at + length), 0);

  // --- figures as a person reads them
  const fixed = (value, places) => { // rounds half to even, of the exact value, as Python does
    const [whole, rest] = Math.abs(value).toFixed(100).split(".");
    const all = whole + rest, cut = whole.length + places;
    if (cut < 0) return "0";
    const tail = all.slice(cut), kept = BigInt(all.slice(0, cut) || "0");
    const half = tail[0] === "5" && !/[1-9]/.test(tail.slice(1));
    const up = half ? kept % 2n === 1n : tail[0] >= "5";
    let text = String(kept + (up ? 1n : 0n));
    if (places <= 0) text = text === "0" ? "0" : text + "0".repeat(-places);
    else { text = text.padStart(places + 1, "0"); text = text.slice(0, -places) + "." + text.slice(-places); }
    return (value < 0 && /[1-9]/.test(text) ? "-" : "") + text;
  };
  const commas = (text) => text.replace(/^(-?)(\d+)/, (_, sign, n) => sign + n.replace(/\B(?=(\d{3})+$)/g, ","));
  const exponent = (value) => Number(Math.abs(value).toExponential(20).split("e")[1]);
  const digits = (value) => {
    if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
    if (value === 0) return "0";
    let places = 2 - exponent(value);
    const rounded = Number(fixed(value, places));
    if (rounded !== 0) places = 2 - exponent(rounded);
    const size = Math.abs(rounded);
    if (size >= 1e-3 && size < 1e6) return commas(fixed(rounded, Math.max(0, places)));
    return value.toExponential(2).replace(/e([+-])(\d)$/, "e$10$2");
  };
  const PREFIXES = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"]];
  const prefix = (value) => {
    const size = Math.abs(value);
    if (size === 0 || !Number.isFinite(size)) return [1, ""];
    return PREFIXES.find(([factor]) => size >= factor * 0.9995) || PREFIXES[6];
  };
  const quantity = (value, unit) => {
    if (value === null || Number.isNaN(value)) return NONE;
    const [factor, name] = prefix(value);
    return `${digits(value / factor)} ${name}${unit}`;
  };
  const quantityInterval = (i, unit) => {
    if (i === null) return NONE;
    const [factor, name] = prefix(i.at || i.low);
    const [at, low, high] = [i.at, i.low, i.high].map((value) => digits(value / factor));
    return `${at} [${low}, ${high}] ${name}${unit}`;
  };
  const percent = (share) => `${fixed(100 * share, 1)}%`;
  const percentInterval = (i) =>
    i === null ? NONE : `${percent(i.at)} [${fixed(100 * i.low, 1)}, ${fixed(100 * i.high, 1)}]`;
  const signed = (value) => { // Python writes -0.0 for a small negative share
    const text = fixed(value, 1);
    return (text === "0.0" && (value < 0 || Object.is(value, -0)) ? "-0.0" : text).replace("-", "−");
  };
  const points = (i) => `${signed(100 * i.at)} points [${signed(100 * i.low)}, ${signed(100 * i.high)}]`;
  const certainty = (p) => (p > 0.99 ? "over 99%" : p < 0.01 ? "under 1%" : `${fixed(100 * p, 0)}%`);
  const count = (value) => {
    if (value >= 1e6) return quantity(value, "").trimEnd();
    return commas(fixed(value, Number.isInteger(value) ? 0 : 1));
  };
  const amount = (value) => (value === null ? NONE : `${digits(value)} ${workload.currency}`);
  const listed = (names, word = "and") =>
    names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} ${word} ${names[names.length - 1]}`;
  const fill = (phrase, values) => say[phrase].replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // --- sums, as reports/weighing.py does them
  const factors = (s, shares) => {
    if (shares === null) {
      let total = 0;
      for (let d = 0; d < D; d++) total += basis.metered[d][s];
      return total > 0 ? range(D).map(() => 1 / total) : null;
    }
    if (range(D).some((d) => basis.metered[d][s] === 0 && shares[d] > 0)) return null;
    return range(D).map((d) => (basis.metered[d][s] > 0 ? shares[d] / basis.metered[d][s] : 0));
  };
  const weigh = (s, worth, at) => {
    let total = 0;
    for (let d = 0; d < D; d++) total += at(d, s) * worth[d];
    return total;
  };
  const combined = (parts, at) => (d, s) => {
    let total = 0;
    for (const [kind, each] of parts) total += each * at(kind, d, s);
    return total;
  };
  const ofTotals = (kind, d, s) => totals[kind][d][s];
  const ofDraw = (r) => (kind, d, s) => draws[kind](r, d, s);
  const over = (a, b) => (b > 0 ? a / b : Infinity);
  const perRequest = (s, parts, shares) => {
    const worth = factors(s, shares);
    return worth === null ? null : weigh(s, worth, combined(parts, ofTotals));
  };
  const CORRECT = [["correct", 1]], JOULES = [["energy_j", 1]];
  const ratio = (s, parts, worth, at) =>
    over(weigh(s, worth, combined(parts, at)), weigh(s, worth, combined(CORRECT, at)));
  const perCorrect = (s, parts, shares) => {
    const worth = factors(s, shares);
    const at = worth === null ? Infinity : ratio(s, parts, worth, ofTotals);
    if (!Number.isFinite(at)) return null;
    const drawn = range(R).map((r) => ratio(s, parts, worth, ofDraw(r)));
    let items = 0;
    for (let d = 0; d < D; d++) if (shares === null || shares[d] > 0) items += basis.metered_items[d][s];
    if (items < 2) return { at, low: 0, high: Infinity, drawn };
    const sorted = Float64Array.from(drawn).sort();
    const low = sorted[Math.floor((R - 1) * constants.tail)];
    const high = sorted[Math.ceil((R - 1) * (1 - constants.tail))];
    return { at, low: Math.min(low, at), high: Math.max(high, at), drawn };
  };
  const accuracy = (s, shares) => {
    let share = 0, centre = 0, variance = 0;
    for (let d = 0; d < D; d++) {
      const w = shares[d], n = basis.items[d][s];
      if (!(w > 0)) continue;
      if (!n) return null;
      const middle = (basis.means[d][s] + 0.5) / (n + 1);
      share += w * (basis.correct[d][s] / (basis.asked[d][s] || 1));
      centre += w * middle;
      variance += w * w * ((basis.squares[d][s] + 0.5 - (n + 1) * middle * middle) / (n * (n + 1)));
    }
    share = Math.min(Math.max(share, 0), 1);
    const trials = variance > 0 ? Math.max(1, (centre * (1 - centre)) / variance) : 1;
    const z2 = constants.z ** 2;
    const mid = (share + z2 / (2 * trials)) / (1 + z2 / trials);
    const half = (Math.sqrt(z2 * ((share * (1 - share)) / trials + z2 / (4 * trials ** 2)))) / (1 + z2 / trials);
    return { at: share, low: Math.max(0, Math.min(mid - half, share)), high: Math.min(1, Math.max(mid + half, share)) };
  };
  const gap = (a, b, shares) => {
    let at = 0, centre = 0, variance = 0;
    for (let d = 0; d < D; d++) {
      const w = shares[d], n = data.pairs.counts[d][a][b];
      if (!(w > 0)) continue;
      if (!n) return null;
      const total = data.pairs.totals[d][a][b], middle = total / (n + 1);
      at += w * (total / n);
      centre += w * middle;
      variance += w * w * (((data.pairs.squares[d][a][b] + 0.5) / (n + 1) - middle * middle) / (n + 1));
    }
    const error = Math.sqrt(variance), half = constants.z * error;
    return { at, low: Math.max(-1, centre - half), high: Math.min(1, centre + half), z: Math.abs(centre) / error };
  };
  const quantile = (s, shares, share) => {
    const parts = range(D).filter((d) => shares[d] > 0 && grids[d * S + s].length);
    const all = parts.flatMap((d) => [...grids[d * S + s]].map((x) => [x, shares[d] / grids[d * S + s].length]));
    if (!all.length) return null;
    all.sort((x, y) => x[0] - y[0]);
    let sum = 0;
    const reached = all.map(([, w]) => (sum += w));
    const place = reached.findIndex((each) => each >= share * sum);
    return all[place < 0 ? all.length - 1 : place][0];
  };
  const holm = (p) => { // Holm's step-down: smallest first, none below the one before
    const order = range(p.length).filter((k) => p[k] !== null).sort((x, y) => p[x] - p[y]);
    const out = p.map(() => null);
    order.reduce((least, k, rank) => (out[k] = Math.min(1, Math.max(least, (order.length - rank) * p[k]))), 0);
    return out;
  };
  const tail2 = (z) => { // two-sided p of the normal distribution; W. J. Cody's bound is far below what is needed here
    const x = z / Math.SQRT2, t = 1 / (1 + 0.5 * x);
    const c = [0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368];
    return t * Math.exp(-x * x - 1.26551223 + t * c.reduce((sum, each) => sum * t + each, 0));
  };

  // --- who is ahead, as reports/ranking.py decides it
  const either = (names) =>
    names.length > constants.listed
      ? fill("any_of", { name: verdict.called[names[0]], count: names.length - 1 })
      : listed(names.map((s) => verdict.called[s]), "or");
  const first = (names) => {
    const all = names.map((s) => verdict.called[s]), most = constants.listed;
    if (all.length <= most) return listed(all);
    return listed([...all.slice(0, most - 1), fill("others", { count: all.length - most + 1 })]);
  };
  const order = (names, rivals) => {
    const [best, ...others] = names;
    const gaps = others.map((s) => rivals(best, s));
    const adjusted = holm(gaps.map((each) => each && each.p));
    const beaten = gaps.map((each, k) => each !== null && each.ahead && adjusted[k] <= constants.alpha);
    return { best, others, gaps, contenders: [best, ...others.filter((_, k) => !beaten[k])] };
  };
  const byEnergy = (joules) => verdict.groups.flatMap((group) => {
    const able = group.filter((s) => verdict.valid.includes(s) && joules[s] !== null);
    if (!able.length) return [];
    able.sort((a, b) => joules[a].at - joules[b].at);
    return [order(able, (a, b) => {
      let below = 0;
      for (let r = 0; r < R; r++) {
        const x = joules[a].drawn[r], y = joules[b].drawn[r];
        below += x < y ? 1 : x === y ? 0.5 : 0;
      }
      const p = below / R;
      return { probability: p, ahead: p > 0.5, p: Math.min(1, (2 * (Math.min(p, 1 - p) * R + 1)) / (R + 1)) };
    })];
  });
  const byAccuracy = (right, shares) => {
    const able = verdict.candidates.filter((s) => right[s] !== null);
    able.sort((a, b) => right[b].at - right[a].at);
    return able.length ? order(able, (a, b) => {
      const found = gap(a, b, shares);
      return found && { ...found, ahead: found.at > 0, p: tail2(found.z) };
    }) : null;
  };
  const headline = (energies, precise) => {
    if (energies.length !== 1) {
      const names = precise.contenders, reason = verdict.no_energy;
      return names.length === 1
        ? fill("no_energy", { reason, name: verdict.called[names[0]] })
        : fill("no_verdict", { reason, names: first(names) });
    }
    const [energy] = energies;
    if (!energy.others.length) return fill("only", { name: verdict.called[energy.best] }) + verdict.reservation;
    const choices = energy.contenders.filter((s) => precise.contenders.includes(s));
    const named = choices.length ? choices : [...energy.contenders, ...precise.contenders];
    const clauses = named.length > constants.named ? [] : named.flatMap((s) => verdict.fails[s] || []);
    const spots = clauses.length ? fill("choose", { clauses: clauses.join("; ") }) : "";
    const alone = (each) => each.contenders.length === 1;
    const why = alone(energy) ? (alone(precise) ? "both" : "thriftiest") : alone(precise) ? "most_accurate" : "neither";
    const said = choices.length > 1 ? fill("close", { names: first(choices) })
      : choices.length ? fill("run", { name: verdict.called[choices[0]], why: say[why] })
      : fill("split", { thrifty: either(energy.contenders), accurate: either(precise.contenders) });
    return said + verdict.reservation + spots;
  };
  const decided = (joules, right, shares) => {
    const energies = byEnergy(joules), precise = byAccuracy(right, shares), out = {};
    if (verdict.why_none || precise === null) return out;
    out.headline = headline(energies, precise);
    if (energies.length === 1) {
      const { best, others, gaps, contenders } = energies[0];
      out["pick0-answer"] = others.length ? either(contenders) : verdict.called[best];
      out["pick0-figure"] = `${quantityInterval(joules[best], "J")}, ${verdict.qualified}`;
      out["pick0-sure"] = !others.length ? say.alone_by_energy
        : fill("below", { best: systems[best], next: systems[others[0]], sure: certainty(gaps[0].probability) });
    }
    const { best, others, gaps, contenders } = precise, lone = !others.length || gaps[0] === null;
    out["pick1-answer"] = lone ? verdict.called[best] : either(contenders);
    out["pick1-figure"] = percentInterval(right[best]);
    out["pick1-sure"] = lone ? say.alone
      : fill("ahead", { best: systems[best], next: systems[others[0]], points: points(gaps[0]) });
    return out;
  };

  // --- everything for some settings, by the keys of reports/whatif/restated.py
  const restated = (set) => {
    const out = {}, mixed = set.shares !== workload.shares;
    const energy = set.hourly ? [[constants.weighed, set.pue / KWH]] : [["energy_j", (set.g * set.pue) / KWH]];
    const made = set.embodied === null ? [] : [[constants.seconds, set.embodied / 3600]];
    const known = set.hourly || set.g !== null, joules = [], right = [], years = [];
    for (let s = 0; s < S; s++) {
      const put = (figure, text) => { out[`s${s}-${figure}`] = text; };
      const each = perRequest(s, JOULES, set.shares);
      const lost = set.hourly && data.hours_missing[s], grams = known && each !== null && !lost;
      joules[s] = mixed ? perCorrect(s, JOULES, set.shares) : null;
      if (mixed) {
        right[s] = accuracy(s, set.shares);
        put("accuracy", percentInterval(right[s]));
        put("j-per-correct", joules[s] !== null ? quantityInterval(joules[s], "J") : each === null ? NONE : say.none_correct);
        put("j-per-request", quantity(each, "J"));
        for (const share of [0.5, 0.95]) put(`p${100 * share}`, quantity(quantile(s, set.shares, share), "s"));
      }
      const operational = grams ? perRequest(s, energy, set.shares) : null;
      put("co2", known ? quantity(operational === null ? null : 1000 * operational, "g") : texts[`s${s}-co2`]);
      put("sci", grams ? quantityInterval(perCorrect(s, [...energy, ...made], set.shares), "g") : NONE);
      const kwh = each === null ? null : ((each * set.requests) / KWH) * set.pue;
      const times = (value) => (value === null ? null : value * set.requests);
      const spent = data.training_j[s];
      const year = {
        bill: kwh === null || set.price === null ? null : kwh * set.price,
        energy: times(operational),
        made: known && each !== null && made.length ? times(perRequest(s, made, set.shares)) : null,
        training: spent === null || !known || set.hourly || each === null ? null : (spent / KWH) * set.g * set.pue,
      };
      year.total = year.energy === null ? null : year.energy + (year.made || 0) + (year.training || 0);
      years[s] = year;
      put("year-kwh", quantity(kwh === null ? null : 1000 * kwh, "Wh"));
      put("year-bill", amount(year.bill));
      put("year-energy-g", quantity(year.energy, "g"));
      put("year-made-g", quantity(year.made, "g"));
      put("training-g", quantity(year.training, "g"));
      put("year-g", quantity(year.total, "g"));
    }
    const least = (figure, shown) => {
      const values = verdict.eligible.map((s) => years[s][figure]);
      if (!values.length || values.includes(null)) return NONE;
      const at = values.indexOf(Math.min(...values));
      return `${systems[verdict.eligible[at]]}, ${shown(values[at])}`;
    };
    out["least-grams"] = least("total", (value) => quantity(value, "g"));
    out["least-bill"] = least("bill", amount);
    out.requests = count(set.requests);
    if (!mixed) return { ...texts, ...out };
    out.mix = domains.map((name, d) => `${name} ${percent(set.shares[d])}`).join(", ");
    return { ...texts, ...out, ...decided(joules, right, set.shares) };
  };

  // --- the controls
  const field = (name) => form.elements.namedItem(name);
  const weights = [...form.querySelectorAll("[data-domain]")];
  const places = [...document.querySelectorAll("[data-restate]")];
  const number = (name, least) => {
    const text = field(name).value.trim(), value = text === "" ? null : Number(text);
    if (value !== null && !(Number.isFinite(value) && value >= least)) throw field(name);
    return value;
  };
  const chosen = () => {
    const grid = field("grid").value, options = [];
    const add = (name, value, now, was) => { if (now !== was) options.push(name, value); };
    const own = grid === "own" ? number("intensity", 0) : null;
    if (grid === "own" && own === null) throw field("intensity");
    const region = grid && grid !== "own" ? carbon.regions.find(([code]) => code === grid) : null;
    if (region) options.push("--region", grid);
    if (own !== null) options.push("--intensity", String(own));
    const pue = number("pue", 1) ?? carbon.pue;
    add("--pue", String(pue), pue, carbon.pue);
    const embodied = field("embodied").checked ? carbon.offered_g_per_hour : null;
    add("--embodied", embodied === null ? "none" : carbon.offered_option, embodied, carbon.embodied_g_per_hour);
    const price = number("price", 0) ?? workload.price;
    add("--price", String(price), price, workload.price);
    const requests = number("requests", Number.MIN_VALUE) ?? workload.requests;
    add("--requests", String(requests), requests, workload.requests);
    let shares = workload.shares;
    if (weights.some((each) => each.value !== each.defaultValue)) {
      const own = weights.map((each) => (each.value.trim() === "" ? 0 : Number(each.value)));
      const total = own.reduce((sum, each) => sum + each, 0);
      if (own.some((each) => !(each >= 0 && Number.isFinite(each))) || !(total > 0)) throw weights[0];
      shares = own.map((each) => each / total);
      options.push("--mix", domains.map((name, d) => `${name}=${own[d]}`).join(","));
    }
    const g = region ? region[2] : own !== null ? own : carbon.g_per_kwh;
    return { g, hourly: carbon.hourly && !region && own === null, pue, embodied, price, requests, shares, options };
  };
  const show = (found, options) => {
    for (const place of places) {
      const text = found[place.dataset.restate];
      if (text !== undefined) place.textContent = text;
      place.classList.toggle("restated", text !== texts[place.dataset.restate]);
    }
    const quoted = options.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\"'\"'")}'`));
    document.getElementById("what-if-command").textContent = [data.words.command, ...data.words.options, ...quoted].join(" ");
    document.getElementById("what-if-banner").hidden = !options.length;
    const remixed = options.includes("--mix");
    for (const each of document.querySelectorAll("[data-own-mix]")) each.hidden = remixed;
    for (const each of document.querySelectorAll("[data-other-mix]")) each.hidden = !remixed;
  };
  const update = () => {
    const error = document.getElementById("what-if-error");
    for (const each of form.elements) each.removeAttribute("aria-invalid");
    try {
      const set = chosen();
      show(set.options.length ? restated(set) : texts, set.options);
      error.textContent = "";
    } catch (wrong) {
      if (!(wrong instanceof Element)) throw wrong;
      wrong.setAttribute("aria-invalid", "true");
      error.textContent = wrong.dataset.error;
    }
  };
  field("intensity").closest("div").hidden = field("grid").value !== "own";
  form.addEventListener("input", () => {
    field("intensity").closest("div").hidden = field("grid").value !== "own";
    update();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(update));
  form.hidden = false;
  update();
})();
